import type { TokenEndpointFailure } from '../token/grant.ts'
import { redactObject } from '../token/redact.ts'

/** What an app's `classifyFailure` sees of a failed token request. Holds no secret. */
export interface FailureFacts {
  /**
   * `answer`: the server answered. `transport`: no readable answer. `offline`: nothing was sent. `rejected` and
   * `unavailable`: what the app's own refresh function threw.
   */
  readonly kind: TokenEndpointFailure['kind']
  /** HTTP status; only of an answer. */
  readonly status?: number
  /** The `Retry-After` header as it came. */
  readonly retryAfter?: string
  readonly contentType?: string
  /** The members of the answer's body, if it was an object or form-encoded. */
  readonly body?: Readonly<Record<string, unknown>>
  /** The code of a failed connection, such as `ECONNRESET`, or what the app's own refresh function gave. */
  readonly code?: string
}

/** What an app's `classifyFailure` may know of a failed token request. */
export function describeFailure(failure: TokenEndpointFailure): FailureFacts {
  switch (failure.kind) {
    case 'answer': {
      const { kind, status, retryAfter, contentType, body } = failure
      return {
        kind,
        status,
        ...(retryAfter === undefined ? {} : { retryAfter }),
        ...(contentType === undefined ? {} : { contentType }),
        // `code` stays: in an error response it is the server's word for the error, and apps want to compare it.
        ...(body === undefined ? {} : { body: redactObject(body, { keep: ['code'] }) as Record<string, unknown> }),
      }
    }
    case 'rejected':
      return { kind: failure.kind, ...(failure.serverCode === undefined ? {} : { code: failure.serverCode }) }
    case 'transport':
    case 'unavailable':
      return { kind: failure.kind, ...(failure.code === undefined ? {} : { code: failure.code }) }
    case 'offline':
      return { kind: failure.kind }
  }
}
