import { readJwtClaims } from '../token/jwt-claims.ts'
import { heldIdToken, type Vault } from './vault.ts'

/**
 * What an id token says of the user and of itself, with the names that the specification gives. Frozen, to its depth.
 *
 * @see OpenID Connect Core 1.0, sections 2 and 5.1
 */
export interface IdTokenClaims {
  readonly iss?: string
  readonly sub?: string
  readonly aud?: string | readonly string[]
  /** Seconds since the epoch, as `iat` and `auth_time`: this is how the token says it. */
  readonly exp?: number
  readonly iat?: number
  readonly auth_time?: number
  readonly [claim: string]: unknown
}

/** The claims read last, by session: the same object until there is another id token. */
const known = new WeakMap<Vault, { readonly idToken: string; readonly claims: IdTokenClaims | undefined }>()

const vaults = new WeakMap<object, Vault>()

/** Remembers whose claims are a session's. */
export function provideClaims(session: object, vault: Vault): void {
  vaults.set(session, vault)
}

/** What sessions inherit. */
export const claimsGetter: { readonly claims: IdTokenClaims | undefined } = {
  get claims() {
    const vault = vaults.get(this)
    return vault && readClaims(vault)
  },
}

/** The claims of the id token that a vault holds. What it holds was validated when it came, or is the app's word. */
function readClaims(vault: Vault): IdTokenClaims | undefined {
  const idToken = heldIdToken(vault)
  if (idToken === undefined) {
    known.delete(vault)
    return undefined
  }
  const before = known.get(vault)
  if (before?.idToken === idToken) return before.claims
  const claims = freeze(readJwtClaims(idToken)) as IdTokenClaims | undefined
  known.set(vault, { idToken, claims })
  return claims
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) freeze(member)
  return Object.freeze(value)
}
