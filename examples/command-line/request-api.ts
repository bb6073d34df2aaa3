import { isSessionError, type Session } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import ky, { isTimeoutError } from 'ky'
import { describeAnswer, describeSilence } from './describe-answer.ts'
import type { Failure } from './describe-error.ts'

/** What came of a request. */
export interface Answer {
  /** Absent where there was none. */
  readonly status?: number
  readonly body: string
  readonly failure: Failure | undefined
}

/** Asks the API for what is at a URL. */
export type AskApi = (url: URL, options?: { signal?: AbortSignal }) => Promise<Answer>

/**
 * Makes a client of the API. All that it knows of tokens are the hooks; it tries nothing again, which is for the caller
 * to decide. It throws the session's errors, as they are, and the signal's reason.
 */
export function createApiClient(session: Session, { api }: { api: string }): AskApi {
  const client = ky.create({ hooks: createKyHooks(session), retry: 0, timeout: 30_000, throwHttpErrors: false })
  return async (url, { signal } = {}) => {
    try {
      const response = await client.get(url, signal === undefined ? {} : { signal })
      const body = await response.text()
      return { status: response.status, body, failure: describeAnswer(response.status, session.getSnapshot()) }
    } catch (error) {
      if (isSessionError(error) || signal?.aborted === true) throw error
      return { body: '', failure: describeSilence(api, isTimeoutError(error) ? 'timeout' : systemCodeOf(error)) }
    }
  }
}

/** The system's word for why a connection failed, wherever in the causes it is. */
function systemCodeOf(error: unknown): string | undefined {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as NodeJS.ErrnoException
    if (typeof code === 'string') return code
  }
  return undefined
}
