import type { Session } from '@authchart/core'
import { createKyHooks } from '@authchart/core/ky'
import ky from 'ky'
import { answerFailure, answerRejection, type FailureAnswer } from './answer-failure.ts'

/** The result of a call of the API. */
export type UpstreamResult =
  | { readonly kind: 'answered'; readonly response: Response }
  | { readonly kind: 'failed'; readonly answer: FailureAnswer; readonly cause: string }

/** Calls the API with the token of a session. */
export type CallUpstream = (path: string, options: { signal: AbortSignal }) => Promise<UpstreamResult>

/** Longer than a caller waits for a token. */
const timeoutMilliseconds = 20_000

/** Makes a client of the API below `upstreamUrl`. Only one line has to do with tokens: the hooks. */
export function createUpstream(session: Session, upstreamUrl: string): CallUpstream {
  // No retries here: the caller can wait, as `Retry-After` says, without holding a connection.
  const api = ky.create({
    hooks: createKyHooks(session),
    throwHttpErrors: false,
    retry: 0,
    timeout: timeoutMilliseconds,
  })
  return async (path, { signal }) => {
    try {
      const response = await api.get(`${upstreamUrl}${path}`, { signal })
      if (response.status !== 401) return { kind: 'answered', response }
      await response.body?.cancel()
      return { kind: 'failed', answer: answerRejection(session.getSnapshot(), Date.now()), cause: 'status 401' }
    } catch (error) {
      return { kind: 'failed', answer: answerFailure(error, Date.now()), cause: nameOf(error) }
    }
  }
}

function nameOf(error: unknown): string {
  return error instanceof Error ? error.name : typeof error
}
