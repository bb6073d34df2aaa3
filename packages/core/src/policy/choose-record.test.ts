import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import type { SessionRecord } from '../store/session-record.ts'
import {
  decideAfterLostWrite,
  decideAfterReread,
  isWorthAdopting,
  nextGeneration,
  type RefreshPrompt,
  type RereadDecision,
} from './choose-record.ts'

const now = 1_700_000_000_000
const end = { reason: 'grantRejected', endedAt: 1 } as const
const intent = { generation: 5, reservedGeneration: 6, startedAt: 1, holder: 'h', outcomeUnknown: false }

function withoutTokens(changes: Partial<SessionRecord>): SessionRecord {
  const { secrets, ...clear } = createRecord(changes)
  return clear
}

function withTokens(changes: Parameters<typeof createTokenSet>[0]): Partial<SessionRecord> {
  return { secrets: { tokenSet: createTokenSet(changes) } }
}

function withoutRefreshToken(): Partial<SessionRecord> {
  const { refreshToken, ...tokenSet } = createTokenSet()
  return { secrets: { tokenSet } }
}

interface Row {
  readonly name: string
  readonly record: SessionRecord | undefined
  readonly prompt?: Partial<RefreshPrompt>
  readonly needsRefreshToken?: boolean
  readonly decision: RereadDecision
}

const request = { kind: 'request', outcomeUnknown: false } as const
const follow = { kind: 'follow' } as const
const adopt = { kind: 'adopt' } as const

describe('the record read under the lease', () => {
  it.each<Row>([
    { name: 'is refreshed where nothing has changed', record: createRecord(), decision: request },
    { name: 'is followed where it is gone', record: undefined, decision: follow },
    {
      name: 'is followed into a sign-out',
      record: withoutTokens({ status: 'signedOut', generation: 9 }),
      decision: follow,
    },
    { name: 'is followed into an end', record: createRecord({ status: 'ended', end }), decision: follow },
    {
      name: 'is followed into an end that may have been mended, when nobody says so',
      record: createRecord({ status: 'ended', end: { ...end, reason: 'clientRejected' } }),
      prompt: { cause: 'resumed' },
      decision: follow,
    },
    {
      name: 'is refreshed after clientRejected when the app says so',
      record: createRecord({ status: 'ended', end: { ...end, reason: 'clientRejected' } }),
      prompt: { cause: 'explicit' },
      decision: request,
    },
    {
      name: 'is refreshed after unreachable when the app says so',
      record: createRecord({ status: 'ended', end: { ...end, reason: 'unreachable' } }),
      prompt: { cause: 'explicit' },
      decision: request,
    },
    {
      name: 'P39 is followed into a dead grant even when the app says so',
      record: createRecord({ status: 'ended', end }),
      prompt: { cause: 'explicit' },
      decision: follow,
    },
    { name: 'P23 is adopted where it is newer', record: createRecord({ generation: 6 }), decision: adopt },
    {
      name: 'is adopted 1 ms before it expires',
      record: createRecord({ generation: 6, ...withTokens({ expiresAt: now + 1 }) }),
      decision: adopt,
    },
    {
      name: 'is refreshed where it is newer and expires at exactly this time',
      record: createRecord({ generation: 6, ...withTokens({ expiresAt: now }) }),
      decision: request,
    },
    {
      name: 'is adopted where it is newer, though a cooldown is on',
      record: createRecord({ generation: 6, serverCooldownUntil: now + 1 }),
      decision: adopt,
    },
    {
      name: "P38 waits for a server's cooldown 1 ms before its end",
      record: createRecord({ serverCooldownUntil: now + 1 }),
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: true },
    },
    {
      name: 'is refreshed at exactly serverCooldownUntil',
      record: createRecord({ serverCooldownUntil: now }),
      decision: request,
    },
    {
      name: "waits for a server's cooldown even when the app says now",
      record: createRecord({ serverCooldownUntil: now + 1 }),
      prompt: { cause: 'explicit' },
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: true },
    },
    {
      name: "waits for a server's cooldown after a wake-up too",
      record: createRecord({ serverCooldownUntil: now + 1 }),
      prompt: { cause: 'resumed' },
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: true },
    },
    {
      name: 'waits for our own backoff 1 ms before its end',
      record: createRecord({ backoffUntil: now + 1 }),
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: false },
    },
    { name: 'is refreshed at exactly backoffUntil', record: createRecord({ backoffUntil: now }), decision: request },
    {
      name: 'waits for our own backoff after a rejection too',
      record: createRecord({ backoffUntil: now + 1 }),
      prompt: { cause: 'rejected' },
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: false },
    },
    {
      name: 'is refreshed before our own backoff ends when the app says now',
      record: createRecord({ backoffUntil: now + 1 }),
      prompt: { cause: 'explicit' },
      decision: request,
    },
    {
      name: 'is refreshed before our own backoff ends after a wake-up',
      record: createRecord({ backoffUntil: now + 1 }),
      prompt: { cause: 'resumed' },
      decision: request,
    },
    {
      name: 'P8 ends where there is no refresh token',
      record: createRecord(withoutRefreshToken()),
      decision: { kind: 'end', reason: 'noRefreshToken' },
    },
    {
      name: 'P8 ends where the refresh token is empty',
      record: createRecord({ secrets: { tokenSet: createTokenSet({ refreshToken: '' }) } }),
      decision: { kind: 'end', reason: 'noRefreshToken' },
    },
    {
      name: 'is refreshed without a refresh token where the grant needs none',
      record: createRecord(withoutRefreshToken()),
      needsRefreshToken: false,
      decision: request,
    },
    {
      name: 'has an unknown outcome where an intent for its generation is found',
      record: createRecord({ refreshIntent: intent }),
      decision: { kind: 'request', outcomeUnknown: true },
    },
    {
      name: 'has no unknown outcome where the intent was for an older generation',
      record: createRecord({ refreshIntent: { ...intent, generation: 4 } }),
      decision: request,
    },
  ])('$name', ({ record, prompt, needsRefreshToken = true, decision }) => {
    const asked: RefreshPrompt = { generation: 5, cause: 'due', rejectedSoon: false, ...prompt }
    expect(decideAfterReread(record, asked, { now, needsRefreshToken, needsSignIn: true })).toEqual(decision)
  })
})

describe('a token set that is rejected at once', () => {
  const failure = { code: 'tokenUnusable', count: 1, since: 1, refusalsWithoutReason: 0 } as const
  it.each([
    { name: 'is simply replaced the first time', streak: 0, rejectedSoon: true, decision: request },
    { name: 'is backed off from the second time on', streak: 1, rejectedSoon: true, decision: { kind: 'backOff' } },
    { name: 'is replaced once that backoff is over', streak: 1, rejectedSoon: true, failure, decision: request },
    { name: 'is simply replaced when it was good for a while', streak: 3, rejectedSoon: false, decision: request },
  ] as const)('$name', ({ streak, rejectedSoon, decision, ...rest }) => {
    const record = createRecord({ rejectionStreak: streak, ...rest, ...('failure' in rest ? { failure } : {}) })
    const prompt: RefreshPrompt = { generation: 5, cause: 'rejected', rejectedSoon }
    expect(decideAfterReread(record, prompt, { now, needsRefreshToken: true, needsSignIn: true })).toEqual(decision)
  })

  it('is refreshed all the same when the app says now', () => {
    const prompt: RefreshPrompt = { generation: 5, cause: 'explicit', rejectedSoon: true }
    const record = createRecord({ rejectionStreak: 3 })
    expect(decideAfterReread(record, prompt, { now, needsRefreshToken: true, needsSignIn: true })).toEqual(request)
  })
})

describe('a record is worth adopting', () => {
  it.each([
    { name: 'where it is newer', record: createRecord({ generation: 6 }), expected: true },
    { name: 'not where it is the same', record: createRecord({ generation: 5 }), expected: false },
    { name: 'not where it is older', record: createRecord({ generation: 4 }), expected: false },
    { name: 'not where it has ended', record: createRecord({ generation: 6, status: 'ended', end }), expected: false },
    {
      name: 'not where it is a tombstone',
      record: withoutTokens({ generation: 6, status: 'signedOut' }),
      expected: false,
    },
  ])('$name', ({ record, expected }) => {
    expect(isWorthAdopting(record, 5, now)).toBe(expected)
  })
})

describe('tokens that were issued, and whose write was lost', () => {
  const ours = { revision: 'ours', signInId: 'sign-in-1', sentGeneration: 5, needsSignIn: true }
  it.each([
    { name: 'are stored after all', record: createRecord({ generation: 6, revision: 'ours' }), expected: 'stored' },
    { name: 'are written again where only a cooldown moved', record: createRecord(), expected: 'writeAgain' },
    {
      name: 'win over an end by the rejection of what we sent',
      record: createRecord({ status: 'ended', end }),
      expected: 'writeAgain',
    },
    {
      name: 'give way to newer tokens of the same sign-in',
      record: createRecord({ generation: 7 }),
      expected: 'adopt',
    },
    {
      name: 'give way to the end of newer tokens, and are revoked',
      record: createRecord({ generation: 7, status: 'ended', end }),
      expected: 'revoke',
    },
    {
      name: 'P43 are revoked after a sign-out',
      record: withoutTokens({ generation: 9, status: 'signedOut' }),
      expected: 'revoke',
    },
    {
      name: 'P43 are revoked after a new sign-in',
      record: createRecord({ generation: 9, signInId: 'sign-in-2' }),
      expected: 'revoke',
    },
    { name: 'are revoked where the record is gone', record: undefined, expected: 'revoke' },
  ] as const)('$name', ({ record, expected }) => {
    expect(decideAfterLostWrite(record, ours)).toBe(expected)
  })

  it('are written again where the record is gone that nobody had to sign in for', () => {
    expect(decideAfterLostWrite(undefined, { ...ours, needsSignIn: false })).toBe('writeAgain')
  })
})

describe('a session that needs no sign-in', () => {
  const decide = (record: SessionRecord | undefined, prompt: Partial<RefreshPrompt> = {}) =>
    decideAfterReread(
      record,
      { generation: 5, cause: 'due', rejectedSoon: false, ...prompt },
      { now, needsRefreshToken: false, needsSignIn: false },
    )
  const request = { kind: 'request', outcomeUnknown: false }
  const tombstone = withoutTokens({ generation: 9, status: 'signedOut' })

  it('begins with its first refresh', () => {
    expect(decide(undefined)).toEqual(request)
  })

  it('begins again only when that is asked for with the sign-out in mind', () => {
    expect(decide(tombstone, { generation: 8, cause: 'explicit' })).toEqual({ kind: 'follow' })
    expect(decide(tombstone, { generation: 9, cause: 'explicit' })).toEqual(request)
    // The first try failed, perhaps: the next one comes by the clock.
    expect(decide(tombstone, { generation: 9, cause: 'due' })).toEqual(request)
  })

  it('does not begin again before the server allows it', () => {
    const cooling = { ...tombstone, serverCooldownUntil: now + 1 }
    expect(decide(cooling, { generation: 9, cause: 'explicit' })).toEqual({
      kind: 'wait',
      retryAt: now + 1,
      serverAsked: true,
    })
  })

  it.each(['grantRejected', 'requestRejected', 'clientRejected', 'unreachable'] as const)(
    'goes on after %s when that is asked for',
    (reason) => {
      const ended = createRecord({ status: 'ended', end: { reason, endedAt: 1 } })
      expect(decide(ended)).toEqual({ kind: 'follow' })
      expect(decide(ended, { cause: 'explicit' })).toEqual(request)
    },
  )

  it('has spent nothing by a request whose answer was lost', () => {
    expect(decide(createRecord({ refreshIntent: { ...intent, generation: 5 } }))).toEqual(request)
  })
})

describe('the next generation', () => {
  it('is now where nothing higher was ever given out', () => {
    expect(nextGeneration(undefined, { now: now + 0.7, floor: 0 })).toBe(now)
    expect(nextGeneration(createRecord(), { now, floor: 5 })).toBe(now)
  })

  it('is above what was reserved, held and seen, though the clock went back', () => {
    const record = createRecord({ generation: now + 5, highestReservedGeneration: now + 9 })
    expect(nextGeneration(record, { now, floor: 0 })).toBe(now + 10)
    expect(nextGeneration(record, { now, floor: now + 20 })).toBe(now + 21)
  })

  it('never goes back, whatever the clock does', () => {
    const time = fc.integer({ min: 0, max: 2 ** 45 })
    fc.assert(
      fc.property(time, time, time, time, (held, reserved, floor, at) => {
        const highestReservedGeneration = Math.max(held, reserved)
        const record = createRecord({ generation: held, highestReservedGeneration })
        const next = nextGeneration(record, { now: at, floor })
        expect(Number.isInteger(next)).toBe(true)
        expect(next).toBeGreaterThan(Math.max(held, highestReservedGeneration, floor))
        expect(next).toBeGreaterThanOrEqual(at)
      }),
    )
  })
})
