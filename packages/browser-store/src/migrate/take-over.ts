import type { Session, SignInTokens } from '@authchart/core'

/** A sign-in that another library has stored. */
export interface ForeignSignIn {
  readonly tokens: SignInTokens
  /** Takes it out of where that library would find it. */
  remove(): void
}

/**
 * Signs a session in with what another library has stored, where the session has never had a sign-in, and takes that out
 * of the other library's storage in any case.
 *
 * Under one lock, since a refresh token is good for one use: of two tabs that begin together, the second finds nothing to
 * take over. It may see the first one's storage late, but never the record in our own store.
 *
 * @returns whether the session was signed in by this
 */
export async function takeOver(
  session: Session,
  { lock, find }: { lock: string; find: () => ForeignSignIn | undefined },
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
