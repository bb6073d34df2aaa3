import type { SessionRecord } from '../../packages/core/src/store/session-record.ts'
import type { Holder, Run, State, UserWork } from './state.ts'
import { setOf } from './state.ts'

/**
 * What matters about a state, as a text. Holders are interchangeable, and a revision matters only by where else it
 * occurs: the least of the texts for all orders of holders is taken, with revisions numbered as they come.
 */
export function canonicalKey(state: State): string {
  let least: string | undefined
  for (const order of ordersOf(state.holders.length)) {
    const text = describe(state, order)
    if (least === undefined || text < least) least = text
  }
  return least ?? ''
}

type Rename = (revision: string | undefined) => number

function describe(state: State, order: readonly number[]): string {
  const seen: string[] = []
  const rename: Rename = (revision) => {
    if (revision === undefined) return -1
    const known = seen.indexOf(revision)
    return known === -1 ? seen.push(revision) - 1 : known
  }
  let text = recordText(state.record, rename)
  for (const index of order) text += `|${holderText(state.holders[index] as Holder, rename)}`
  for (const { holder, set, answer } of state.requests) {
    text += `?${holder === undefined ? '' : order.indexOf(holder)},${set},${answer?.kind},${answer?.kind === 'tokens' ? answer.set : ''}`
  }
  for (const { expected, next } of state.lateWrites) text += `!${rename(expected)},${recordText(next, rename)}`
  return (
    text + remember(state.sets, setsText) + remember(state.signIns, signInsText) + remember(state.budget, budgetText)
  )
}

const texts = new WeakMap<object, string>()

/** Values are immutable and shared by many states: their texts are made once. */
function remember<Value extends object>(value: Value, makeText: (value: Value) => string): string {
  const known = texts.get(value)
  if (known !== undefined) return known
  const text = makeText(value)
  texts.set(value, text)
  return text
}

function setsText(sets: State['sets']): string {
  return sets
    .map(({ spent, successor, generation, doubtful, answered, fate, signIn, ...seen }) => {
      const { forRejection, undone, contested } = seen
      const flags = [spent, doubtful, forRejection, undone, contested].map(Number).join('')
      return [signIn, flags, successor, generation, answered[0], fate.slice(0, 2)].join()
    })
    .join('#')
}

function signInsText(signIns: State['signIns']): string {
  return signIns.map(({ revoked, signedOut, restored }) => `@${revoked}${signedOut}${restored}`).join('')
}

function budgetText(budget: State['budget']): string {
  return `$${Object.values(budget).join()}`
}

function holderText({ vault, runs, user, prompts, rejected, caller }: Holder, rename: Rename): string {
  let text = `${prompts},${vault.generation},${vault.set},${vault.signIn},${vault.closed},${vault.signedOut}`
  if (vault.known !== undefined) text += `=${remember(vault.known, contentText)}`
  if (rejected.last > 0) text += `~${rejected.last},${rejected.before}`
  if (caller !== undefined) text += `^${caller.generation},${caller.tries}`
  for (const run of runs) text += `(${runText(run, rename)})`
  return user === undefined ? text : `${text}<${userText(user, rename)}`
}

function runText(run: Run, rename: Rename): string {
  let text = `${run.at},${run.generation},${run.cause},${run.olderRejected},${run.interested},${run.lease},${run.sent}`
  if ('unknown' in run) text += `,${run.unknown}`
  if ('intended' in run) text += `,${recordText(run.intended, rename)}`
  if ('current' in run) text += `,${recordText(run.current, rename)}`
  if ('before' in run) text += `,${run.before?.reservedGeneration}`
  if ('rejections' in run) text += `,${rejectionsText(run.rejections)}`
  if ('next' in run) text += `,${rename(run.expected)},${recordText(run.next, rename)}`
  if ('set' in run) text += `,${run.set},${rename(run.revision)},${run.writeFailed}`
  if ('outcome' in run) text += `,${run.outcome},${rename(run.revision)},${run.keepIntent},${run.isTroubled}`
  return text
}

function userText(user: UserWork, rename: Rename): string {
  let text = `${user.doing},${user.at}`
  if ('set' in user) text += `,${user.set},${rename(user.revision)}`
  if ('before' in user) text += `,${recordText(user.before, rename)}`
  return text
}

function recordText(record: SessionRecord | undefined, rename: Rename): string {
  return record === undefined ? '-' : `${rename(record.revision)}.${remember(record, contentText)}`
}

function contentText(record: SessionRecord): string {
  const { generation, highestReservedGeneration, signInId, status, refreshIntent, end } = record
  const intent = refreshIntent === undefined ? '' : `${refreshIntent.generation}>${refreshIntent.reservedGeneration}`
  const refreshToken = record.secrets?.tokenSet.refreshToken ?? ''
  const pauses = `${record.backoffUntil ?? ''},${record.serverCooldownUntil ?? ''}`
  const unknown = refreshIntent?.outcomeUnknown === true ? '?' : ''
  return `${generation}.${highestReservedGeneration}.${signInId}.${status}.${intent}${unknown}.${pauses}.${end?.reason ?? ''}.${setOf(record)}.${refreshToken}.${rejectionsText(record.rejections)}`
}

function rejectionsText(rejections: SessionRecord['rejections']): string {
  return Object.entries(rejections ?? {})
    .map(([origin, run]) => `${origin}${run.generation}x${run.count}`)
    .join()
}

const orders = new Map<number, number[][]>()

function ordersOf(count: number): number[][] {
  const known = orders.get(count)
  if (known !== undefined) return known
  const made =
    count === 0
      ? [[]]
      : ordersOf(count - 1).flatMap((order) =>
          order.concat(count - 1).map((_, at) => order.toSpliced(at, 0, count - 1)),
        )
  orders.set(count, made)
  return made
}
