import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeHolder, type Guard, type State, setOf, type Vault } from './state.ts'

/** What a holder knows that has just started. */
export const emptyVault: Vault = {
  generation: 0,
  set: undefined,
  signIn: -1,
  closed: -1,
  signedOut: 0,
  known: undefined,
  remembers: false,
}

/** Takes the tokens of a record, unless they are older than what the vault has had, or of a sign-in it has closed. */
export function take(vault: Vault, record: SessionRecord): Vault {
  const signIn = Number(record.signInId)
  if (signIn === vault.closed || record.generation < vault.generation) return vault
  const isNews = record.generation > vault.generation || record.status === 'ended' || vault.known === undefined
  const known = vault.remembers && isNews ? record : vault.known
  return { ...vault, generation: record.generation, set: setOf(record), signIn, known }
}

/** Takes over what a record says, whatever that is. */
export function follow(vault: Vault, record: SessionRecord, without: Guard | undefined): Vault {
  if (record.status !== 'signedOut') return take(vault, record)
  const signedOut = vault.signedOut | (1 << Number(record.signInId))
  if (record.generation < vault.generation) return { ...vault, signedOut }
  const generation = without === 'tombstoneFloor' ? vault.generation : record.generation
  // Only who signed out keeps the tombstone.
  return { ...vault, set: undefined, generation, signedOut, known: undefined }
}

export function isSame(one: Vault, other: Vault): boolean {
  return (
    one.generation === other.generation &&
    one.set === other.set &&
    one.signIn === other.signIn &&
    one.closed === other.closed &&
    one.signedOut === other.signedOut
  )
}

/** Puts a vault into a holder. */
export function putVault(state: State, holder: number, vault: Vault): State {
  return changeHolder(state, holder, { vault })
}
