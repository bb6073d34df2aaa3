import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import type { EndReason } from '../errors/codes.ts'
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
  readonly record: SessionRecord
  readonly prompt?: Partial<RefreshPrompt>
  readonly needsRefreshToken?: boolean
  readonly decision: RereadDecision
}

const origin = 'https://api.example'
const request = { kind: 'request', outcomeUnknown: false } as const
const follow = { kind: 'follow' } as const
const adopt = { kind: 'adopt' } as const

function endedAs(reason: EndReason, changes: Partial<SessionRecord> = {}): SessionRecord {
  return createRecord({ status: 'ended', end: { ...end, reason }, ...changes })
}

describe('the record read under the lease', () => {
  it.each<Row>([
    { name: 'is refreshed where nothing has changed', record: createRecord(), decision: request },
    {
      name: 'is followed into a sign-out',
      record: withoutTokens({ status: 'signedOut', generation: 9 }),
      decision: follow,
    },
    { name: 'is followed into an end', record: createRecord({ status: 'ended', end }), decision: follow },
    {
      name: 'is followed into an end that may have been mended, unless the app asks for a refresh',
      record: endedAs('clientRejected'),
      prompt: { cause: 'resumed' },
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
    const asked: RefreshPrompt = { generation: 5, cause: 'due', ...prompt }
    expect(decideAfterReread(record, asked, { now, needsRefreshToken })).toEqual(decision)
  })

  it.each([
    // The refresh token was kept, and is not known to be spent.
    { reason: 'grantRejected', refreshToken: 'refresh-1', decision: request },
    { reason: 'requestRejected', refreshToken: 'refresh-1', decision: request },
    { reason: 'recordRemoved', refreshToken: 'refresh-1', decision: request },
    { reason: 'clientRejected', refreshToken: 'refresh-1', decision: request },
    { reason: 'unreachable', refreshToken: 'refresh-1', decision: request },
    { reason: 'noRefreshToken', refreshToken: 'refresh-1', decision: request },
    // It is spent, or another user's.
    { reason: 'rotationLost', refreshToken: 'refresh-1', decision: follow },
    { reason: 'identityMismatch', refreshToken: 'refresh-1', decision: follow },
    // P39 It was erased: the grant is dead.
    { reason: 'grantRejected', refreshToken: undefined, decision: follow },
    { reason: 'requestRejected', refreshToken: undefined, decision: follow },
    { reason: 'grantRejected', refreshToken: '', decision: follow },
    { reason: 'clientRejected', refreshToken: undefined, decision: { kind: 'end', reason: 'noRefreshToken' } },
  ] as const)('after $reason with the refresh token $refreshToken, an explicit refresh: $decision.kind', (row) => {
    const { reason, refreshToken, decision } = row
    const record = endedAs(reason, withTokens({ refreshToken }))
    const prompt: RefreshPrompt = { generation: 5, cause: 'explicit' }
    expect(decideAfterReread(record, prompt, { now, needsRefreshToken: true })).toEqual(decision)
    for (const cause of ['due', 'rejected', 'resumed'] as const) {
      expect(decideAfterReread(record, { ...prompt, cause }, { now, needsRefreshToken: true }), cause).toEqual(follow)
    }
  })
})

describe("another issuer's refresh token", () => {
  const decide = (needsRefreshToken: boolean, issuer?: string) =>
    decideAfterReread(createRecord(), { generation: 5, cause: 'explicit' }, { now, needsRefreshToken, issuer })

  it('is not sent: that is for the operator', () => {
    expect(decide(true, 'https://other.example')).toEqual({ kind: 'end', reason: 'clientRejected' })
    expect(decide(true, 'https://login.example/')).toEqual(request)
    expect(decide(true)).toEqual(request)
    expect(decide(false, 'https://other.example')).toEqual(request)
  })
})

describe('a rejection by a resource server', () => {
  const run = { generation: 4, count: 0 }
  const pausing = { generation: 5, count: 1, pausedUntil: now + 1 }
  const paused = { generation: 5, count: 1, pausedUntil: now + 10_000 }

  it.each([
    {
      name: 'the first of its origin is noted with the refresh that it causes',
      decision: { ...request, rejections: { [origin]: { generation: 5, count: 0 } } },
    },
    {
      name: 'of the token set after the one that was rejected last pauses the origin, and nothing is sent',
      rejections: { [origin]: run },
      decision: { kind: 'pause', rejections: { [origin]: paused } },
    },
    {
      name: 'the same, where only this holder saw the one before rejected',
      rejection: { olderRejected: 3 },
      decision: { kind: 'pause', rejections: { [origin]: paused } },
    },
    {
      name: 'while the origin pauses changes nothing',
      rejections: { [origin]: pausing },
      decision: { kind: 'pause' },
    },
    {
      name: 'by an address that accepted this token before is an expiry, whatever pauses',
      rejections: { [origin]: pausing },
      rejection: { acceptedBefore: true },
      decision: { ...request, rejections: { [origin]: pausing } },
    },
    {
      name: 'of a token set that is older than the record is one of the past',
      rejections: { [origin]: run },
      prompt: { generation: 4 },
      record: { ...withTokens({ expiresAt: now }) },
      decision: request,
    },
    {
      name: "waits for a server's cooldown like any other cause",
      record: { serverCooldownUntil: now + 1 },
      decision: { kind: 'wait', retryAt: now + 1, serverAsked: true },
    },
    {
      name: 'has an unknown outcome where an intent for its generation is found',
      record: { refreshIntent: intent },
      decision: {
        kind: 'request',
        outcomeUnknown: true,
        rejections: { [origin]: { generation: 5, count: 0 } },
      },
    },
  ])('$name', ({ rejections, rejection, prompt, record, decision }) => {
    const known = { origin, acceptedBefore: false, olderRejected: 0, endedGeneration: 0, ...rejection }
    expect(
      decideAfterReread(
        createRecord({ rejections, ...record }),
        { generation: 5, cause: 'rejected', rejection: known, ...prompt },
        { now, needsRefreshToken: true },
      ),
    ).toEqual(decision)
  })

  it('holds back no other cause', () => {
    const record = createRecord({ rejections: { [origin]: pausing } })
    for (const cause of ['due', 'resumed', 'explicit'] as const) {
      expect(decideAfterReread(record, { generation: 5, cause }, { now, needsRefreshToken: true })).toEqual(request)
    }
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
  const ours = { revision: 'ours', signInId: 'sign-in-1', sentGeneration: 5, tokens: true }
  it.each([
    { name: 'are stored after all', record: createRecord({ generation: 6, revision: 'ours' }), expected: 'stored' },
    { name: 'are written again where only a cooldown moved', record: createRecord(), expected: 'writeAgain' },
    {
      name: 'win over an end by the refusal of what we sent',
      record: createRecord({ status: 'ended', end }),
      expected: 'writeAgain',
    },
    {
      name: 'give way to newer tokens of the same sign-in, and are not revoked',
      record: createRecord({ generation: 7 }),
      expected: 'adopt',
    },
    {
      name: 'give way to the end of newer tokens',
      record: createRecord({ generation: 7, status: 'ended', end }),
      expected: 'drop',
    },
    {
      name: 'P43 give way to a sign-out',
      record: withoutTokens({ generation: 9, status: 'signedOut' }),
      expected: 'drop',
    },
    {
      name: 'P43 give way to a new sign-in',
      record: createRecord({ generation: 9, signInId: 'sign-in-2' }),
      expected: 'drop',
    },
    { name: 'give way where the record is gone', record: undefined, expected: 'drop' },
  ] as const)('$name', ({ record, expected }) => {
    expect(decideAfterLostWrite(record, ours)).toBe(expected)
  })

  it('are written again where the record is gone, if the grant signs in by itself', () => {
    expect(decideAfterLostWrite(undefined, { ...ours, signsIn: true })).toBe('writeAgain')
  })
})

describe('a write that was refused though nothing came between', () => {
  it.each([
    { name: 'tokens over a tombstone', record: withoutTokens({ status: 'signedOut' }), tokens: true },
    { name: 'tokens over another sign-in', record: createRecord({ signInId: 'sign-in-2' }), tokens: true },
    { name: 'a failure over an end', record: createRecord({ status: 'ended', end }), tokens: false },
  ])('is made again: $name', ({ record, tokens }) => {
    const ours = { revision: 'ours', expectedRevision: 'revision-1', signInId: 'sign-in-1', sentGeneration: 5, tokens }
    expect(decideAfterLostWrite(record, ours)).toBe('writeAgain')
    expect(decideAfterLostWrite({ ...record, revision: 'moved' }, ours)).toBe('drop')
  })
})

describe('an end or a failure whose write was lost', () => {
  const ours = { revision: 'ours', signInId: 'sign-in-1', sentGeneration: 5, tokens: false }
  const over = createRecord({ status: 'ended', end })
  it.each([
    { name: 'is stored after all', record: createRecord({ revision: 'ours' }), expected: 'stored' },
    { name: 'is written again where only a cooldown moved', record: createRecord(), expected: 'writeAgain' },
    { name: 'gives way to newer tokens', record: createRecord({ generation: 7 }), expected: 'adopt' },
    { name: 'gives way to an end that another holder wrote meanwhile', record: over, expected: 'drop' },
    { name: 'gives way to a new sign-in', record: createRecord({ signInId: 'sign-in-2' }), expected: 'drop' },
    { name: 'gives way to a sign-out', record: withoutTokens({ status: 'signedOut' }), expected: 'drop' },
    { name: 'gives way where the record is gone', record: undefined, expected: 'drop' },
  ] as const)('$name', ({ record, expected }) => {
    expect(decideAfterLostWrite(record, ours)).toBe(expected)
  })

  it('is written again over the end that its refresh set out from', () => {
    expect(decideAfterLostWrite(over, { ...ours, wasEnded: true })).toBe('writeAgain')
  })
})

describe('a session whose grant signs in by itself', () => {
  const decide = (record: SessionRecord, prompt: Partial<RefreshPrompt> = {}) =>
    decideAfterReread(
      record,
      { generation: 5, cause: 'due', ...prompt },
      { now, needsRefreshToken: false, signsIn: true },
    )
  const tombstone = withoutTokens({ generation: 9, status: 'signedOut' })

  it('begins again only when that is asked for with the sign-out in mind', () => {
    expect(decide(tombstone, { generation: 8, cause: 'explicit' })).toEqual(follow)
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

  it.each(['grantRejected', 'requestRejected', 'clientRejected', 'unreachable', 'identityMismatch'] as const)(
    'goes on after %s when that is asked for',
    (reason) => {
      const ended = endedAs(reason, { secrets: undefined })
      expect(decide(ended)).toEqual(follow)
      expect(decide(ended, { cause: 'explicit' })).toEqual(request)
    },
  )
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
