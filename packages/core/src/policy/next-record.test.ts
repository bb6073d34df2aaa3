import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import { parseSessionRecord, type SessionRecord } from '../store/session-record.ts'
import { nextGeneration } from './choose-record.ts'
import {
  begunRecord,
  nextFailureRun,
  recordWithEnd,
  recordWithFailure,
  recordWithIntent,
  recordWithTokens,
  signedInRecord,
  signedOutRecord,
} from './next-record.ts'

const revision = 'revision-2'
const intent = { generation: 5, reservedGeneration: 6, startedAt: 1, holder: 'holder', outcomeUnknown: false }
const failure = { code: 'server', count: 2, since: 1, refusalsWithoutReason: 1 } as const
const tokenSet = createTokenSet({ accessToken: 'access-2', refreshToken: 'refresh-2', expiresAt: 9 })
const end = { revision, reason: 'grantRejected', endedAt: 7, serverCode: 'invalid_grant' } as const
const signIn = { formatVersion: 1, revision, signInId: 'sign-in-2', generation: 9, identity: {}, tokenSet }

/** A record with everything on it. */
const busy = createRecord({
  refreshIntent: intent,
  backoffUntil: 10,
  serverCooldownUntil: 20,
  failure,
  rejectionStreak: 2,
  expiresAt: 30,
  highestReservedGeneration: 6,
  refusals: { count: 2, since: 3, bare: true },
  rejections: { 'https://api.example': { generation: 5, count: 1, pausedUntil: 50 } },
  secrets: { tokenSet: createTokenSet(), proofKey: { kty: 'EC', d: 'key' } },
})

const writes: Record<string, (before: SessionRecord) => SessionRecord> = {
  'an intent': (before) => recordWithIntent(before, { revision, ...intent }),
  'new tokens': (before) => recordWithTokens(before, { revision, generation: 6, tokenSet, rejectionStreak: 0 }),
  'an end': (before) => recordWithEnd(before, { ...end, erase: 'refreshToken' }),
  'a failure': (before) => recordWithFailure(before, { revision, failure, backoffUntil: 40, keepIntent: true }),
  'a sign-in': (before) => signedInRecord(before, signIn),
  'a sign-out': (before) => signedOutRecord(before, { revision, generation: 9 }),
}

describe.each(Object.entries(writes))('%s', (_name, write) => {
  it('keeps fields that this version does not know', () => {
    const unknown = { fieldOfTheFuture: { kept: [1, { deep: true }] }, another: null }
    expect(write(createRecord({ ...busy, ...unknown }))).toMatchObject(unknown)
  })

  it('has its own revision, changes nothing that it was given, and is a record', () => {
    const before = structuredClone(busy)
    const after = write(before)
    expect(after.revision).toBe(revision)
    expect(before).toEqual(busy)
    expect(parseSessionRecord(JSON.parse(JSON.stringify(after)))).toEqual({ kind: 'record', record: after })
  })
})

describe('the record', () => {
  it('with an intent reserves the next generation, and never less than was reserved', () => {
    expect(writes['an intent']?.(createRecord())).toEqual({
      ...createRecord(),
      revision,
      refreshIntent: intent,
      highestReservedGeneration: 6,
    })
    const before = createRecord({ highestReservedGeneration: 8 })
    expect(writes['an intent']?.(before).highestReservedGeneration).toBe(8)
  })

  it('with an intent has the runs of rejections that were decided with it, else those there were', () => {
    expect(writes['an intent']?.(busy).rejections).toEqual(busy.rejections)
    const rejections = { 'https://files.example': { generation: 5, count: 0 } }
    expect(recordWithIntent(busy, { revision, ...intent, rejections }).rejections).toEqual(rejections)
  })

  it('with an intent has the key that the next tokens will be bound to, else the one there was', () => {
    const proofKey = { kty: 'EC', d: 'another' }
    expect(writes['an intent']?.(busy).secrets?.proofKey).toEqual({ kty: 'EC', d: 'key' })
    expect(recordWithIntent(busy, { revision, ...intent, proofKey }).secrets?.proofKey).toEqual(proofKey)
  })

  it('with new tokens has nothing left of intent, cooldowns, failures and end', () => {
    const after = recordWithTokens(
      { ...busy, status: 'ended', end: { reason: 'clientRejected', endedAt: 1 } },
      { revision, generation: 7, tokenSet, rejectionStreak: 3, subject: 'bob' },
    )
    expect(after).toEqual({
      ...createRecord(),
      revision,
      generation: 7,
      highestReservedGeneration: 7,
      identity: { ...busy.identity, subject: 'bob' },
      rejectionStreak: 3,
      expiresAt: 9,
      // Only an acceptance ends a run of rejections.
      rejections: busy.rejections,
      secrets: { tokenSet, proofKey: { kty: 'EC', d: 'key' } },
    })
  })

  it('with tokens of unknown lifetime has no expiry left of those before', () => {
    const { expiresAt, ...unlimited } = tokenSet
    const after = recordWithTokens(busy, { revision, generation: 6, tokenSet: unlimited, rejectionStreak: 0 })
    expect(after.expiresAt).toBeUndefined()
  })

  it.each([
    { erase: 'nothing', secrets: busy.secrets },
    { erase: 'refreshToken', secrets: { ...busy.secrets, tokenSet: createTokenSetWithoutRefreshToken() } },
    { erase: 'all', secrets: undefined },
  ] as const)('with an end that erases $erase', ({ erase, secrets }) => {
    const after = recordWithEnd(busy, { ...end, erase })
    expect(after).toMatchObject({
      status: 'ended',
      end: { reason: 'grantRejected', endedAt: 7, serverCode: 'invalid_grant' },
    })
    expect(after.secrets).toEqual(secrets)
    expect(after.refreshIntent).toBeUndefined()
    expect(after.failure).toBeUndefined()
    expect(after.backoffUntil).toBeUndefined()
  })

  it('with an end keeps its intent where the refresh token that stays may have been rotated', () => {
    const kept = recordWithEnd(busy, { ...end, erase: 'nothing', keepIntent: true })
    expect(kept.refreshIntent).toEqual({ ...intent, outcomeUnknown: true })
    const none = recordWithEnd(createRecord(), { ...end, erase: 'nothing', keepIntent: true })
    expect(none.refreshIntent).toBeUndefined()
  })

  it('with a failure clears its intent, unless something was unknown', () => {
    const failed = { revision, failure, backoffUntil: 40 }
    expect(recordWithFailure(busy, { ...failed, keepIntent: false }).refreshIntent).toBeUndefined()
    const kept = recordWithFailure(busy, { ...failed, keepIntent: true })
    expect(kept.refreshIntent).toEqual({ ...intent, outcomeUnknown: true })
    expect(recordWithFailure(createRecord(), { ...failed, keepIntent: true }).refreshIntent).toBeUndefined()
  })

  it("with a failure has the server's latest cooldown, or none", () => {
    const failed = { revision, failure, backoffUntil: 40, keepIntent: false }
    expect(recordWithFailure(busy, { ...failed, serverCooldownUntil: 50 }).serverCooldownUntil).toBe(50)
    expect(recordWithFailure(busy, failed).serverCooldownUntil).toBeUndefined()
  })

  it('with a failure has its refusals as they were, unless it is one more', () => {
    const failed = { revision, failure, backoffUntil: 40, keepIntent: false }
    expect(recordWithFailure(busy, failed).refusals).toEqual(busy.refusals)
    const refusals = { count: 3, since: 3, bare: true }
    expect(recordWithFailure(busy, { ...failed, refusals }).refusals).toEqual(refusals)
  })

  it('P31 with a failure has its secrets as they were', () => {
    const after = recordWithFailure(busy, { revision, failure, backoffUntil: 40, keepIntent: false })
    expect(after.secrets).toEqual(busy.secrets)
  })

  it('of a sign-in has nothing left of the session before', () => {
    const after = signedInRecord({ ...busy, status: 'ended', end: { reason: 'grantRejected', endedAt: 1 } }, signIn)
    expect(after).toEqual({
      formatVersion: 1,
      revision,
      signInId: 'sign-in-2',
      generation: 9,
      highestReservedGeneration: 9,
      status: 'signedIn',
      identity: {},
      rejectionStreak: 0,
      expiresAt: 9,
      secrets: { tokenSet },
      fieldOfTheFuture: { kept: true },
    })
  })

  it('of a first sign-in needs nothing before it', () => {
    expect(parseSessionRecord(signedInRecord(undefined, signIn))).toMatchObject({ kind: 'record' })
  })

  it('P53 of a sign-out has no secret, and nothing of how it went but what the server asked for', () => {
    expect(signedOutRecord(busy, { revision, generation: 9 })).toEqual({
      formatVersion: 1,
      revision,
      signInId: 'sign-in-1',
      generation: 9,
      highestReservedGeneration: 9,
      status: 'signedOut',
      identity: busy.identity,
      rejectionStreak: 0,
      serverCooldownUntil: 20,
      fieldOfTheFuture: { kept: true },
    })
  })

  it('of a grant that signs in by itself has no tokens at first, and goes on from a tombstone', () => {
    const begin = { formatVersion: 1, revision, signInId: 'sign-in-2', identity: { clientId: 'service' } }
    const begun = begunRecord(undefined, begin)
    expect(begun).toEqual({
      ...begin,
      generation: 0,
      highestReservedGeneration: 0,
      status: 'signedIn',
      rejectionStreak: 0,
    })
    expect(parseSessionRecord(begun)).toEqual({ kind: 'record', record: begun })
    const tombstone = signedOutRecord(busy, { revision: 'revision-1', generation: 9 })
    expect(begunRecord(tombstone, begin)).toEqual({ ...tombstone, ...begin, status: 'signedIn' })
  })
})

function createTokenSetWithoutRefreshToken() {
  const { refreshToken, ...rest } = createTokenSet()
  return rest
}

describe('a run of failures', () => {
  const minutes = 60_000
  const now = 100 * minutes
  const since = now - 20 * minutes
  const run = { code: 'server', count: 2, since, refusalsWithoutReason: 1 } as const
  const tried = { failure: run, backoffUntil: now - 1 }
  const begun = { count: 1, since: now, refusalsWithoutReason: 0 }

  it.each([
    { name: 'begins', record: {}, expected: begun },
    {
      name: 'begins with a bare refusal',
      record: {},
      withoutReason: true,
      expected: { ...begun, refusalsWithoutReason: 1 },
    },
    {
      name: 'goes on, since when it began',
      record: tried,
      withoutReason: true,
      expected: { count: 3, since, refusalsWithoutReason: 2 },
    },
    {
      name: 'counts bare refusals in a row only',
      record: tried,
      expected: { count: 3, since, refusalsWithoutReason: 0 },
    },
    {
      name: 'goes on where nobody tried for exactly 15 min though somebody might have',
      record: { failure: run, backoffUntil: now - 15 * minutes },
      expected: { count: 3, since },
    },
    {
      name: 'begins anew where that was 1 ms longer: an idle session was not failing',
      record: { failure: run, backoffUntil: now - 15 * minutes - 1 },
      expected: begun,
    },
    {
      name: 'goes on where the server wanted no try before',
      record: { failure: run, backoffUntil: since, serverCooldownUntil: now - 1 },
      expected: { count: 3, since },
    },
    {
      name: 'begins anew where it began in the future, by a clock that was set back',
      record: { failure: { ...run, since: now + 1 }, backoffUntil: now },
      expected: begun,
    },
  ])('$name', ({ record, withoutReason = false, expected }) => {
    expect(nextFailureRun(record, { code: 'network', now, withoutReason })).toMatchObject({
      code: 'network',
      ...expected,
    })
  })
})

it('no sequence of writes ever goes to a lower generation, or below one that was reserved', () => {
  const step = fc.record({
    write: fc.constantFrom('intent', 'tokens', 'end', 'failure', 'signIn', 'signOut'),
    now: fc.integer({ min: 0, max: 50 }),
  })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), (steps) => {
      let record = createRecord({ generation: 1, highestReservedGeneration: 1 })
      for (const { write, now } of steps) {
        const before = record
        const generation = nextGeneration(record, { now, floor: 0 })
        record = apply(write, record, generation)
        expect(record.generation).toBeGreaterThanOrEqual(before.generation)
        expect(record.highestReservedGeneration).toBeGreaterThanOrEqual(before.highestReservedGeneration)
        expect(record.highestReservedGeneration).toBeGreaterThanOrEqual(record.generation)
      }
    }),
  )
})

function apply(write: string, record: SessionRecord, generation: number): SessionRecord {
  switch (write) {
    case 'intent':
      return recordWithIntent(record, {
        revision,
        ...intent,
        generation: record.generation,
        reservedGeneration: generation,
      })
    case 'tokens': {
      const reserved = record.refreshIntent?.reservedGeneration ?? generation
      return recordWithTokens(record, { revision, generation: reserved, tokenSet, rejectionStreak: 0 })
    }
    case 'end':
      return recordWithEnd(record, { ...end, erase: 'all' })
    case 'failure':
      return recordWithFailure(record, { revision, failure, backoffUntil: 1, keepIntent: generation % 2 === 0 })
    case 'signIn':
      return signedInRecord(record, { ...signIn, generation })
    default:
      return signedOutRecord(record, { revision, generation })
  }
}
