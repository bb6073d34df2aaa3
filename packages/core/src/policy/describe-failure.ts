import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'
import { redactObject } from '../token/redact.ts'

/** What a `classifyFailure` may know of a failed token request. */
export function describeFailure(failure: TokenEndpointFailure): TokenEndpointFailureFacts {
  switch (failure.kind) {
    case 'answer': {
      const { kind, status, retryAfter, contentType, headers, body } = failure
      // `code` stays: in an error response it is the server's word for the error, and apps want to compare it.
      const members = body && (redactObject(body, { keep: ['code'] }) as Record<string, unknown>)
      return { kind, status, retryAfter, contentType, headers, body: members }
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
