import { rejectUnknownOptions } from '../errors/reject-unknown-options.ts'
import { StoreError } from '../errors/store-error.ts'
import { nextGeneration } from '../policy/choose-record.ts'
import { isOfAnotherIssuer } from '../policy/is-of-another-issuer.ts'
import { begunRecord, signedOutRecord } from '../policy/next-record.ts'
import { storeFailureCode } from '../refresh/store-access.ts'
import { recordFormatVersion, type SessionIdentity } from '../store/session-record.ts'
import { needsSignIn } from '../token/grant.ts'
import type { TokenSet } from '../token/token-set.ts'
import { chartHasHeard } from './chart-has-heard.ts'
import { hasLanded } from './has-landed.ts'
import type { SignedOut, SignOutOptions } from './session.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionParts } from './session-parts.ts'

/** How often somebody else's write may come between reading the record and writing the tombstone. */
const attempts = 20

/** What a sign-out came to in the store. */
export interface SignOutResult {
  readonly event: SessionEvent
  /** Why the store could not be told. */
  readonly error?: StoreError
  /** The id token that was erased: a secret, for whoever asked for it. */
  readonly idToken?: string | undefined
  /** Resolves when the revocation has been tried. */
  readonly revocation: Promise<void>
}

/**
 * Signs out: forgets the tokens here at once, erases them from the store, waits for the revocation to have been tried.
 *
 * @throws StoreError when the store could not be told
 */
export async function signOutNow(parts: SessionParts, options: SignOutOptions): Promise<SignedOut> {
  rejectUnknownOptions(options, knownOptions)
  parts.send({ type: 'signOut.requested' })
  await chartHasHeard()
  const result = await parts.signOut
  // It holds the id token: nobody is to find that here any more.
  parts.signOut = undefined
  if (result?.error !== undefined) throw result.error
  await result?.revocation
  return options.returnIdToken === true && result?.idToken !== undefined ? { idToken: result.idToken } : {}
}

const knownOptions: Record<keyof SignOutOptions, true> = { returnIdToken: true }

/**
 * Writes the tombstone, above every generation ever reserved: a refresh under way then loses to it. No lease is waited
 * for. Then revokes what was signed out.
 */
export async function signOutOfStore(parts: SessionParts): Promise<SignOutResult> {
  const { store, vault, options } = parts
  let read = await store.read()
  for (let attempt = 0; read.ok && attempt < attempts; attempt += 1) {
    if (read.value === undefined && needsSignIn(options.grant)) return succeed(vault.highestGeneration)
    if (read.value?.status === 'signedOut') return succeed(read.value.generation)
    // Where nobody has to sign in, no record means a session that has not begun: it must not begin now.
    const record = read.value ?? createRecord(parts)
    const generation = nextGeneration(record, { now: options.clock.now(), floor: vault.highestGeneration })
    const revision = parts.createId()
    const tombstone = signedOutRecord(record, { revision, generation })
    const written = await store.compareAndSet(read.value?.revision, tombstone)
    if (written.ok ? written.value : await hasLanded(parts, revision)) {
      const { tokenSet } = record.secrets ?? {}
      const revocation = tokenSet && revoke(parts, record.identity, tokenSet)
      return { ...succeed(vault.describe(tombstone).generation, revocation), idToken: tokenSet?.idToken }
    }
    if (!written.ok) return fail(written.error)
    read = await store.read()
  }
  return fail(
    read.ok ? new StoreError('storeUnavailable', 'The stored session kept changing; sign out again.') : read.error,
  )
}

function createRecord({ createId, options }: SessionParts) {
  const { issuer, clientId } = options.grant.identity
  return begunRecord(undefined, {
    formatVersion: recordFormatVersion,
    revision: createId(),
    signInId: createId(),
    identity: { ...(issuer === undefined ? {} : { issuer }), ...(clientId === undefined ? {} : { clientId }) },
  })
}

function succeed(generation: number, revocation = Promise.resolve()): SignOutResult {
  return { event: { type: 'signOut.stored', generation }, revocation }
}

function fail(error: StoreError): SignOutResult {
  return { event: { type: 'signOut.failed', code: storeFailureCode(error) }, error, revocation: Promise.resolve() }
}

/** Revokes at the server that issued the tokens, and at no other. */
async function revoke(parts: SessionParts, identity: SessionIdentity, tokenSet: TokenSet): Promise<void> {
  if (isOfAnotherIssuer(identity, parts.options.grant.identity.issuer)) parts.send({ type: 'revocation.failed' })
  else await parts.revoke(tokenSet)
}
