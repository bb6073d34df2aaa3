import { base64url, createIdToken } from './id-token.ts'
import type { TokenResponse } from './token-families.ts'

/** What an authorization request asked for, until its code is exchanged. */
interface Asked {
  readonly clientId: string | null
  readonly nonce: string | null
  readonly challenge: string | null
  readonly scope: string
}

/** The authorization code grant with PKCE, for which the user has to do nothing (RFC 6749, section 4.1; RFC 7636). */
export function createRedirects({ issuer, claims }: { issuer: string; claims: Readonly<Record<string, unknown>> }) {
  const codes = new Map<string, Asked>()

  return {
    /** Sends the browser back at once. */
    sendBack(query: URLSearchParams): Response {
      const code = `code-${crypto.randomUUID()}`
      codes.set(code, {
        clientId: query.get('client_id'),
        nonce: query.get('nonce'),
        challenge: query.get('code_challenge'),
        scope: query.get('scope') ?? '',
      })
      const target = new URL(query.get('redirect_uri') ?? '')
      const answer = { code, state: query.get('state') ?? '', iss: issuer }
      for (const [name, value] of Object.entries(answer)) target.searchParams.set(name, value)
      return new Response(null, { status: 302, headers: { location: target.href } })
    },

    /** The tokens for a code, which is good for one use; `undefined` where it or the verifier is wrong. */
    async exchange(form: URLSearchParams, begin: () => TokenResponse): Promise<object | undefined> {
      const code = form.get('code') ?? ''
      const asked = codes.get(code)
      codes.delete(code)
      if (asked === undefined || asked.challenge !== (await challengeOf(form.get('code_verifier') ?? '')))
        return undefined
      const now = Math.floor(Date.now() / 1000)
      const required = { iss: issuer, aud: asked.clientId, iat: now, exp: now + 3600, nonce: asked.nonce ?? undefined }
      const tokens = { ...begin(), scope: asked.scope }
      return /\bopenid\b/.test(asked.scope)
        ? { ...tokens, id_token: createIdToken({ ...claims, ...required }) }
        : tokens
    },
  }
}

async function challengeOf(verifier: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(verifier))
  return base64url(new Uint8Array(digest))
}
