import { isSessionError, type Session } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import ky, { isTimeoutError } from 'ky'
import { describeAnswer, describeSilence } from './describe-answer.ts'
import type { Failure } from './describe-error.ts'

/** The result of a request. */
export interface Answer {
  /** Absent without an answer. */
  readonly status?: number
  readonly body: string
  readonly failure: Failure | undefined
}

/** Requests a URL of the API. */
export type AskApi = (url: URL, options?: { signal?: AbortSignal }) => Promise<Answer>

/**
 * Makes a client of the API. Only its hooks have to do with tokens. It does not retry: the caller decides that. It throws
 * the session's errors unchanged, and the signal's reason.
 */
export function createApiClient(session: Session, { api }: { api: string }): AskApi {
  const client = ky.create({ hooks: createKyHooks(session), retry: 0, timeout: 30_000, throwHttpErrors: false })
  return async (url, { signal } = {}) => {
    try {
      const response = await client.get(url, { signal })
      const body = await response.text()
      return { status: response.status, body, failure: describeAnswer(response.status, session.getSnapshot()) }
    } catch (error) {
      if (isSessionError(error) || signal?.aborted === true) throw error
      return { body: '', failure: describeSilence(api, isTimeoutError(error) ? 'timeout' : systemCodeOf(error)) }
    }
  }
}

/** The system's code for why a connection failed, from any depth of the causes. */
function systemCodeOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string') return code
  }
  return undefined
}
