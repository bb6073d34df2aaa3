import { chooseAnswer } from './token-endpoint/choose-answer.ts'
import { startListener } from './token-endpoint/listener.ts'
import type { TokenEndpoint, TokenEndpointFault, TokenEndpointOptions } from './token-endpoint/options.ts'
import { createTokenFamilies } from './token-endpoint/token-families.ts'

/**
 * Starts a token endpoint on 127.0.0.1 for your own tests, in Node: it rotates refresh tokens, revokes everything that
 * came of a sign-in when one is sent twice, and fails in the ways that it is told to.
 *
 * It knows the refresh token grant and nothing else: no clients, no scopes, no id tokens. For all the rest, test against
 * a real authorization server.
 *
 * @example
 * await using endpoint = await startTokenEndpoint({ expiresIn: 2 })
 * const session = createSession({
 *   key: 'test',
 *   store: memoryStore(),
 *   grant: refreshTokenGrant({ issuer: endpoint.issuer, clientId: 'test' }),
 * })
 * await session.signIn(endpoint.signIn())
 * endpoint.failNext({ kind: 'cut', afterCommit: true }) // the answer to the next refresh is lost
 * await session.refresh()
 */
export async function startTokenEndpoint(options: TokenEndpointOptions = {}): Promise<TokenEndpoint> {
  const families = createTokenFamilies(options)
  const faults: TokenEndpointFault[] = []
  const counts = { requests: 0, issued: 0, refused: 0, reused: 0 }

  const listener = await startListener(async (refreshToken) => {
    counts.requests += 1
    const fault = faults.shift()
    return chooseAnswer(fault, () => {
      const outcome = families.refresh(refreshToken)
      counts[outcome.kind === 'issued' || outcome.kind === 'repeated' ? 'issued' : 'refused'] += 1
      if (outcome.kind === 'reused') counts.reused += 1
      return outcome
    })
  })

  return {
    issuer: listener.origin,
    tokenEndpoint: `${listener.origin}/token`,
    counts,
    signIn: () => families.signIn(),
    failNext: (...next) => void faults.push(...next),
    clearFaults: () => void faults.splice(0),
    revoke: families.revoke,
    [Symbol.asyncDispose]: listener.close,
  }
}
