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
  /** Until when each access token is good, in milliseconds since the epoch. */
  const accessTokens = new Map<string, number>()

  function issue(family: Family): TokenResponse {
    const refreshToken = `refresh-${crypto.randomUUID()}`
    const accessToken = `access-${crypto.randomUUID()}`
    pages.set(refreshToken, { family })
    accessTokens.set(accessToken, Date.now() + expiresIn * 1000)
    return {
      access_token: accessToken,
      refresh_token: refreshToken,
      token_type: 'Bearer',
      expires_in: expiresIn,
    }
  }

  return {
    begin: () => issue({ isRevoked: false }),

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

    accepts: (accessToken: string) => Date.now() < (accessTokens.get(accessToken) ?? 0),
    revokeAccessTokens: () => accessTokens.clear(),
  }
}
