import { StoreError } from '@authchart/core'
import type { AuthorizationTransaction } from '@authchart/core/oauth'

/** What a page keeps while it is away. */
export interface KeptSignIn {
  /** The key of the session that is to be signed in. */
  readonly key: string
  readonly transaction: AuthorizationTransaction
  readonly returnTo: string
}

/** Before the `state` of the sign-in: so each has an entry of its own, also where this origin has several sessions. */
const prefix = 'authchart:redirect:'

/** A transaction is `expired` after an hour. */
const longestMilliseconds = 60 * 60 * 1000

/**
 * Keeps a sign-in in `sessionStorage`: readable by this origin in this tab only, and gone with it. Those that were
 * never completed are forgotten.
 *
 * @param now milliseconds since the epoch
 * @throws StoreError `storeUnavailable` where it cannot be kept
 */
export function keepSignIn(signIn: KeptSignIn, now: number): void {
  sweepSignIns(now)
  try {
    sessionStorage.setItem(prefix + signIn.transaction.state, JSON.stringify(signIn))
  } catch {
    // What it throws where the space is used up is not passed on.
    throw refused()
  }
}

/** Whether the sign-in with this `state` was begun for another session than the one with this key. Never throws. */
export function isOfAnother(state: string | undefined, key: string): boolean {
  try {
    const found = state === undefined ? undefined : readEntry(prefix + state)
    return found !== undefined && found.key !== key
  } catch {
    return false
  }
}

/**
 * Takes the sign-in with this `state` out, and any other that was begun for the same session: from here on it
 * cannot be completed again.
 *
 * @throws StoreError `storeUnavailable` where nothing can be read
 */
export function takeSignIn(state: string, key: string): KeptSignIn | undefined {
  try {
    const found = readEntry(prefix + state)
    if (found?.key !== key) return undefined
    removeWhere((kept) => kept?.key === key)
    return found
  } catch {
    throw refused()
  }
}

/** Forgets the sign-ins that are too old to be completed. Never throws. */
export function sweepSignIns(now: number): void {
  try {
    removeWhere((kept) => kept === undefined || !(now - kept.transaction.startedAt <= longestMilliseconds))
  } catch {
    // Where nothing can be read, nothing was kept.
  }
}

function removeWhere(isOver: (kept: KeptSignIn | undefined) => boolean): void {
  const names = Object.keys(sessionStorage).filter((name) => name.startsWith(prefix))
  for (const name of names) if (isOver(readEntry(name))) sessionStorage.removeItem(name)
}

/** `undefined` for none, and for what is not a sign-in; `completeAuthorization` judges the transaction. */
function readEntry(name: string): KeptSignIn | undefined {
  const text = sessionStorage.getItem(name)
  if (text === null) return undefined
  try {
    const { key, transaction, returnTo } = JSON.parse(text) as KeptSignIn
    return typeof transaction?.startedAt === 'number' ? { key, transaction, returnTo } : undefined
  } catch {
    return undefined
  }
}

function refused(): StoreError {
  return new StoreError(
    'storeUnavailable',
    'This page may not use sessionStorage, or it is full: a sign-in that leaves the page cannot be kept. Allow this site to keep data.',
  )
}
