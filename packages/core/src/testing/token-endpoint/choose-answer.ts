import type { TokenEndpointFault } from './options.ts'
import type { RefreshOutcome } from './token-families.ts'

/** The answer to one token request, which `commit` carries out unless a fault comes before. */
export async function chooseAnswer(
  fault: TokenEndpointFault | undefined,
  commit: () => RefreshOutcome,
): Promise<Response> {
  switch (fault?.kind) {
    case undefined:
      return ownAnswer(commit())
    case 'cut':
      if (fault.afterCommit === true) commit()
      return Response.error()
    case 'answer':
      if (fault.afterCommit === true) commit()
      return insteadAnswer(fault)
    case 'delay': {
      const early = fault.afterCommit === true ? commit() : undefined
      await new Promise((resolve) => setTimeout(resolve, fault.milliseconds))
      return ownAnswer(early ?? commit())
    }
  }
}

function ownAnswer(outcome: RefreshOutcome): Response {
  return 'response' in outcome
    ? json(200, outcome.response)
    : json(400, { error: 'invalid_grant', error_description: 'The refresh token is not valid any more.' })
}

function insteadAnswer({
  status,
  body = '',
  headers = {},
  retryAfter,
}: Extract<TokenEndpointFault, { kind: 'answer' }>): Response {
  const retry: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  const isEmpty = status === 204 || status === 304
  if (typeof body !== 'string') return json(status, body, { ...retry, ...headers })
  return new Response(isEmpty ? null : body, { status, headers: { ...retry, ...headers } })
}

export function json(status: number, body: object, headers: Readonly<Record<string, string>> = {}): Response {
  // RFC 6749, section 5.1: no cache keeps a token.
  return Response.json(body, { status, headers: { 'cache-control': 'no-store', ...headers } })
}
