/** The names that blocks of code in the docs may use without declaring them: what the pages call by these names. */
import type { Grant, HttpOptions, Session, SessionStore } from '@authchart/core'

declare global {
  const session: Session
  const store: SessionStore
  const grant: Grant
  const key: string
  const allowedOrigins: readonly string[]
  const http: HttpOptions
  const server: { issuer: string; clientId: string }
  const issuer: string
  const clientId: string
  const clientSecret: string
  const privateKey: CryptoKey
  const redirectUri: string
  const callbackUrl: string
  const accessToken: string
  const refreshToken: string
  const authorizedFetch: typeof globalThis.fetch
}
