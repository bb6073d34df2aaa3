import type { TokenEndpointFault } from './options.ts'
import type { RefreshOutcome } from './token-families.ts'

/** What is sent; `undefined`: the connection is cut. */
export type Answer =
  | { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }
  | undefined

/** The answer to one token request, which `commit` carries out unless a fault comes before. */
export async function chooseAnswer(
  fault: TokenEndpointFault | undefined,
  commit: () => RefreshOutcome,
): Promise<Answer> {
  switch (fault?.kind) {
    case undefined:
      return ownAnswer(commit())
    case 'cut':
      if (fault.afterCommit === true) commit()
      return undefined
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

function ownAnswer(outcome: RefreshOutcome): Answer {
  return 'response' in outcome
    ? json(200, outcome.response)
    : json(400, { error: 'invalid_grant', error_description: 'The refresh token is not valid any more.' })
}

function insteadAnswer({
  status,
  body = '',
  headers = {},
  retryAfter,
}: Extract<TokenEndpointFault, { kind: 'answer' }>): Answer {
  const answer = typeof body === 'string' ? { status, headers: {}, body } : json(status, body)
  const retry: Record<string, string> = retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }
  return { status, headers: { ...answer?.headers, ...retry, ...headers }, body: answer?.body ?? '' }
}

function json(status: number, body: object): Answer {
  // RFC 6749, section 5.1: no cache keeps a token.
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(body) }
}
