import type { TokenSetInput } from '../../token/token-set.ts'
import type { TokenEndpointOptions } from './options.ts'

/** What a refresh token got. */
export type RefreshOutcome =
  | { readonly kind: 'issued' | 'repeated'; readonly response: TokenResponse }
  | { readonly kind: 'reused' | 'unknown' }

/** RFC 6749, section 5.1. */
export interface TokenResponse {
  readonly access_token: string
  readonly refresh_token: string
  readonly token_type: 'Bearer'
  readonly expires_in: number
}

/** All refresh tokens that came of one sign-in: they are revoked together. */
interface Family {
  isRevoked: boolean
}

interface Page {
  readonly family: Family
  spent?: { readonly at: number; readonly response: TokenResponse }
}

/** The refresh tokens of a token endpoint, each good for one use (RFC 9700, section 4.14.2). */
export function createTokenFamilies({ expiresIn = 3600, graceMilliseconds = 0 }: TokenEndpointOptions) {
  const pages = new Map<string, Page>()

  function issue(family: Family): TokenResponse {
    const refreshToken = `refresh-${crypto.randomUUID()}`
    pages.set(refreshToken, { family })
    return {
      access_token: `access-${crypto.randomUUID()}`,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
    }
  }

  return {
    signIn(): TokenSetInput {
      const { access_token, refresh_token, expires_in } = issue({ isRevoked: false })
      return { accessToken: access_token, refreshToken: refresh_token, expiresIn: expires_in }
    },

    refresh(refreshToken: string | undefined): RefreshOutcome {
      const page = refreshToken === undefined ? undefined : pages.get(refreshToken)
      if (page === undefined || page.family.isRevoked) return { kind: 'unknown' }
      if (page.spent === undefined) {
        const response = issue(page.family)
        page.spent = { at: performance.now(), response }
        return { kind: 'issued', response }
      }
      if (performance.now() - page.spent.at < graceMilliseconds) {
        return { kind: 'repeated', response: page.spent.response }
      }
      page.family.isRevoked = true
      return { kind: 'reused' }
    },

    revoke(): void {
      for (const { family } of pages.values()) family.isRevoked = true
    },
  }
}
