import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'

/** What a `classifyFailure` may know of a failed token request. The answer was redacted when it was read. */
export function describeFailure(failure: TokenEndpointFailure): TokenEndpointFailureFacts {
  switch (failure.kind) {
    case 'answer': {
      const { kind, status, retryAfter, contentType, headers, body } = failure
      return { kind, status, retryAfter, contentType, headers, body }
    }
    case 'rejected':
      return { kind: failure.kind, code: failure.serverCode }
    case 'transport':
    case 'unavailable':
      return { kind: failure.kind, code: failure.code }
    case 'offline':
      return { kind: failure.kind }
  }
}
