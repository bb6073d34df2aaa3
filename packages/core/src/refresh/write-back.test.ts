import { describe, expect, it } from 'vitest'
import { type GrantAnswer, openHolder } from '../../../../test/support/refresh-holder.ts'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { signedOutRecord } from '../policy/next-record.ts'
import type { SessionRecord } from '../store/session-record.ts'

const refused: GrantAnswer = {
  kind: 'failed',
  failure: { kind: 'answer', status: 400, complete: true, body: { error: 'invalid_grant' } },
}
const issued: GrantAnswer = {
  kind: 'issued',
  tokenSet: { accessToken: 'access-9', expiresIn: 3600, refreshToken: 'refresh-9' },
  receivedAt: recordTime,
}
const newTokens = { tokenSet: createTokenSet({ accessToken: 'access-7', refreshToken: 'refresh-7' }) }
const known = createRecord({ generation: 7, highestReservedGeneration: 8, revision: 'known', secrets: newTokens })
const end = { reason: 'grantRejected', endedAt: 1 } as const

/** A holder that knows more than its store, which went back in time. */
async function open(record: SessionRecord | undefined, knownRecord: SessionRecord, answers: GrantAnswer[] = []) {
  const holder = await openHolder(record, answers)
  holder.settings.knownRecord = knownRecord
  return holder
}

describe('a store that went back in time', () => {
  it('is told what this holder knows, and nothing is sent for 5 s', async () => {
    const old = createRecord({ generation: 5, highestReservedGeneration: 9, serverCooldownUntil: 1 })
    const holder = await open(old, known)
    const retryAt = recordTime + 5_000
    const outcome = await holder.refresh({ generation: 7 })
    expect(outcome).toEqual({ kind: 'failed', code: 'storeUnavailable', retryAt, serverAsked: true })
    expect(holder.sent).toEqual([])
    expect(await holder.record()).toEqual({
      ...known,
      revision: expect.not.stringMatching(/^known$/),
      // None that was ever given out is given out again.
      highestReservedGeneration: 9,
      serverCooldownUntil: retryAt,
      failure: { code: 'storeUnavailable', count: 1, since: recordTime, refusalsWithoutReason: 0 },
      refreshIntent: {
        generation: 7,
        reservedGeneration: 9,
        startedAt: recordTime,
        holder: 'holder-1',
        outcomeUnknown: true,
      },
    })
  })

  it.each([
    { name: 'one look of the store, where that is longer', look: 75_000, settle: 75_000 },
    { name: '5 s, where it looks more often', look: 3_000, settle: 5_000 },
    { name: 'an hour, where it looks less often', look: 7_200_000, settle: 3_600_000 },
  ])('has nothing sent for $name', async ({ look, settle }) => {
    const holder = await open(createRecord(), known, [issued])
    Object.assign(holder.store, { suggestedLookMilliseconds: look })
    expect(await holder.refresh({ generation: 7 })).toMatchObject({ retryAt: recordTime + settle })
    await holder.clock.advance(settle - 1)
    expect(await holder.refresh({ generation: 7, cause: 'explicit' })).toMatchObject({ kind: 'failed' })
    expect(holder.sent).toEqual([])
    await holder.clock.advance(1)
    expect(await holder.refresh({ generation: 7 })).toMatchObject({ kind: 'refreshed' })
  })

  it.each([
    { name: 'is replaced where the token lives', answer: issued, outcome: { kind: 'refreshed' } },
    {
      name: 'says that the rotation is lost where it does not',
      answer: refused,
      outcome: { kind: 'ended', record: { end: { reason: 'rotationLost' } } },
    },
  ])('then counts as one whose outcome is unknown, and $name', async ({ answer, outcome }) => {
    const holder = await open(createRecord(), known, [answer])
    await holder.refresh({ generation: 7 })
    expect(await holder.refresh({ generation: 7, cause: 'explicit' })).toMatchObject({
      kind: 'failed',
      code: 'storeUnavailable',
    })
    await holder.clock.advance(5_000)
    expect(await holder.refresh({ generation: 7 })).toMatchObject(outcome)
    expect(holder.sent).toEqual(['refresh-7'])
  })

  it('is told of an end, without an intent', async () => {
    const over: SessionRecord = { ...known, status: 'ended', end }
    const holder = await open(createRecord(), over)
    await holder.refresh({ generation: 7, cause: 'explicit' })
    expect(await holder.record()).toMatchObject({ status: 'ended', end, generation: 7 })
    expect((await holder.record())?.refreshIntent).toBeUndefined()
  })

  it('is told of a sign-out: the session does not come back', async () => {
    const tombstone = signedOutRecord(known, { revision: 'tombstone', generation: 9 })
    const holder = await open(createRecord(), tombstone)
    await holder.refresh({ generation: 9 })
    expect(await holder.record()).toMatchObject({ status: 'signedOut', generation: 9 })
    expect((await holder.record())?.secrets).toBeUndefined()
    expect(holder.sent).toEqual([])
  })

  it('is told of tokens over an end of older ones', async () => {
    const holder = await open(createRecord({ status: 'ended', end }), known)
    await holder.refresh({ generation: 7 })
    expect(await holder.record()).toMatchObject({ status: 'signedIn', generation: 7 })
  })

  it('gives way to a writer that comes between', async () => {
    const holder = await open(createRecord(), known)
    const { compareAndSet } = holder.store
    holder.store.compareAndSet = async (...write) => {
      await holder.overwrite((record) => ({ ...record, generation: 12, highestReservedGeneration: 12 }))
      return compareAndSet(...write)
    }
    expect(await holder.refresh({ generation: 7 })).toMatchObject({ kind: 'failed' })
    expect(await holder.record()).toMatchObject({ generation: 12 })
  })
})

describe('nothing is written back', () => {
  it.each([
    { name: 'over the same generation', record: createRecord({ generation: 7 }) },
    { name: 'over a newer one', record: createRecord({ generation: 8 }) },
    { name: 'over another sign-in', record: createRecord({ signInId: 'sign-in-2' }) },
    {
      name: 'over an end that says the tokens are of another user',
      record: createRecord({ status: 'ended', end: { ...end, reason: 'identityMismatch' } }),
    },
    { name: 'where the record is gone', record: undefined },
  ])('$name', async ({ record }) => {
    const holder = await open(record, known, [refused])
    await holder.refresh({ generation: 7, cause: 'due' })
    const stored = await holder.record()
    expect(stored?.secrets?.tokenSet.accessToken).not.toBe('access-7')
    expect(stored?.signInId).toBe(record?.signInId)
  })
})
