import type { Session, SignInTokens } from '@authchart/core'

/** A sign-in that something else has stored in the page. */
export interface StoredSignIn {
  readonly tokens: SignInTokens
  /** Takes it out of there. */
  remove(): void
}

/**
 * Signs a session in with what code of your own has stored, if the session never had a sign-in, and removes that in any
 * case, so it happens once. Call it on every load, before the first request.
 *
 * A refresh token is good for one use: of tabs that are loaded together, one takes over.
 *
 * @returns whether the session was signed in by this
 * @throws StoreError, SignInError as `session.signIn` does; what was stored is left as it is then
 * @example
 * await takeOver(session, () => {
 *   const stored = localStorage.getItem('tokens')
 *   if (stored === null) return undefined
 *   return { tokens: JSON.parse(stored), remove: () => localStorage.removeItem('tokens') }
 * })
 */
export function takeOver(session: Session, find: () => StoredSignIn | undefined): Promise<boolean> {
  return takeOverUnder(`authchart:take-over:${session.key}`, session, find)
}

/**
 * The same under a lock of another name. The lock is not all: a tab may see late what another has removed, but it never
 * sees the record in our own store late.
 */
export async function takeOverUnder(
  lock: string,
  session: Session,
  find: () => StoredSignIn | undefined,
): Promise<boolean> {
  // Most pages have nothing to take over, and wait for nothing.
  if (find() === undefined) return false
  return navigator.locks.request(lock, async () => {
    const isFirst = await hasNeverSignedIn(session)
    const found = find()
    if (found === undefined) return false
    if (isFirst) await session.signIn(found.tokens)
    found.remove()
    return isFirst
  })
}

async function hasNeverSignedIn(session: Session): Promise<boolean> {
  await session.ready
  // What was read at the start may be from before another tab's sign-in: to be sure, a caller makes it read again.
  if (session.getSnapshot().status === 'signedOut') await session.getAccessToken().catch(() => {})
  const { status, generation } = session.getSnapshot()
  // After a sign-out, the generation stays.
  return status === 'signedOut' && generation === 0
}

/** The object that lies in a storage as JSON; `undefined` for anything else, and where storage is refused. */
export function readObject(storage: Storage, name: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(storage.getItem(name) ?? 'null')
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined
  } catch {
    return undefined
  }
}

/** A member that is a text with something in it. */
export function textIn(object: Record<string, unknown> | undefined, name: string): string | undefined {
  const value = object?.[name]
  return typeof value === 'string' && value !== '' ? value : undefined
}

/** Seconds since the epoch as the milliseconds that we count in. */
export function millisecondsIn(object: Record<string, unknown> | undefined, name: string): number | undefined {
  const value = object?.[name]
  return typeof value === 'number' ? value * 1000 : undefined
}
