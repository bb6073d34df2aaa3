import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import { changeSet, changeSignIn, type Guard, type State, setOf, spend, type Write } from './state.ts'

/** What a read can come to. */
export interface ReadEnd {
  readonly ok: boolean
  readonly record: SessionRecord | undefined
  readonly state: State
  readonly say: string
  readonly kind: 'progress' | 'chance'
}

/** What a compare-and-set can come to, as its caller sees it. */
export interface WriteEnd {
  readonly end: 'written' | 'tooLate' | 'failed'
  readonly state: State
  readonly say: string
  readonly kind: 'progress' | 'chance'
}

export function readStore(state: State): ReadEnd[] {
  const { record, budget } = state
  const ends: ReadEnd[] = [{ ok: true, record, state, say: `reads ${describe(record)}`, kind: 'progress' }]
  if (budget.storeFaults > 0) {
    const say = 'cannot read, since the store fails'
    ends.push({ ok: false, record: undefined, state: spend(state, 'storeFaults'), say, kind: 'chance' })
  }
  return ends
}

/** A write succeeds, comes too late, or fails: having done nothing, having landed, or to land later. */
export function writeStore(state: State, write: Write, without: Guard | undefined): WriteEnd[] {
  const { record, budget } = state
  const fits = record?.revision === write.expected || without === 'revision'
  const what = describe(write.next)
  const ends: WriteEnd[] = [
    fits
      ? { end: 'written', state: land(state, write.next), say: `writes ${what}`, kind: 'progress' }
      : { end: 'tooLate', state, say: `comes too late to write ${what}`, kind: 'progress' },
  ]
  if (budget.storeFaults === 0) return ends
  const spent = spend(state, 'storeFaults')
  const late = { ...spent, lateWrites: [...spent.lateWrites, write] }
  ends.push({ end: 'failed', state: spent, say: `cannot write ${what}, since the store fails`, kind: 'chance' })
  ends.push({ end: 'failed', state: late, say: `waits in vain to write ${what}, which may land later`, kind: 'chance' })
  if (fits) {
    const say = `writes ${what}, though the store says that it failed`
    ends.push({ end: 'failed', state: land(spent, write.next), say, kind: 'chance' })
  }
  return ends
}

/** A record is in the store now. */
function land(state: State, next: SessionRecord): State {
  let landed: State = { ...state, record: next }
  if (next.status === 'signedOut') landed = changeSignIn(landed, Number(next.signInId), { signedOut: true })
  const set = setOf(next)
  if (set === undefined || landed.sets[set]?.fate === 'stored') return landed
  return changeSet(landed, set, { fate: 'stored', generation: next.generation })
}

function describe(record: SessionRecord | undefined): string {
  if (record === undefined) return 'that there is no record'
  const { generation, status, signInId, refreshIntent, end, backoffUntil } = record
  if (status === 'signedOut') return `a tombstone, generation ${generation}`
  const parts = [
    `generation ${generation} of sign-in ${signInId}`,
    ...(end === undefined ? [] : [`ended as ${end.reason}`]),
    ...(refreshIntent === undefined ? [] : [`an intent for ${refreshIntent.reservedGeneration}`]),
    ...(backoffUntil === undefined ? [] : ['a backoff']),
  ]
  return parts.join(' with ')
}
