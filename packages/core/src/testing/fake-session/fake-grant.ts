import type { TransientCode } from '../../errors/codes.ts'
import type { Grant, GrantOutcome } from '../../token/grant.ts'
import type { SignInTokens } from '../../token/token-set.ts'
import { createIdToken } from '../token-endpoint/id-token.ts'
import type { Gate } from './gate.ts'

/** What a fake session's tokens say. */
export interface FakeTokenOptions {
  /** How long access tokens live, in seconds. Default 3600. */
  readonly expiresIn?: number
  /** What `session.claims` is to say, such as `{ sub: 'alice' }`. Default: there is no id token. */
  readonly claims?: Readonly<Record<string, unknown>>
  /** What `session.details` is to say. Default: nothing. */
  readonly details?: Readonly<Record<string, unknown>>
}

/** A grant that answers at once, without a network; or fails, for as long as `failure` is set. */
export interface FakeGrant extends Grant {
  failure: TransientCode | undefined
  /** The tokens of a sign-in; each has new ones. */
  createTokens(): SignInTokens
}

export function createFakeGrant(
  { expiresIn = 3600, claims, details }: FakeTokenOptions,
  gate: Pick<Gate, 'pass'>,
): FakeGrant {
  let count = 0
  const grant: FakeGrant = {
    identity: {},
    needsRefreshToken: true,
    failure: undefined,
    createTokens() {
      count += 1
      return {
        accessToken: `fake-access-token-${count}`,
        refreshToken: `fake-refresh-token-${count}`,
        idToken: claims && createIdToken(claims),
        expiresIn,
        details,
      }
    },
    async refresh({ now }): Promise<GrantOutcome> {
      await gate.pass()
      if (grant.failure !== undefined) {
        return { kind: 'failed', failure: { kind: 'unavailable', code: grant.failure, sent: 'no' } }
      }
      return { kind: 'issued', tokenSet: grant.createTokens(), receivedAt: now() }
    },
  }
  return grant
}
