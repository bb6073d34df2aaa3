import { describe, expect, it } from 'vitest'
import { type GrantAnswer, openHolder, refreshKey, type TestHolder } from '../../../../test/support/refresh-holder.ts'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { StoreError } from '../errors/store-error.ts'
import { signedOutRecord } from '../policy/next-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'

const identity = { issuer: 'https://login.example', clientId: 'service' }
const issued: GrantAnswer = {
  kind: 'issued',
  tokenSet: { accessToken: 'access-2', expiresIn: 3600 },
  receivedAt: recordTime,
}
const unknown = failed({ kind: 'transport', sent: 'unknown', code: 'ECONNRESET' })
const throttled = failed({ kind: 'answer', status: 429, retryAfter: '60', complete: true })
const tombstone = signedOutRecord(createRecord(), { revision: 'tombstone', generation: 9 })

function failed(failure: TokenEndpointFailure): GrantAnswer {
  return { kind: 'failed', failure }
}

function answered(error: string): GrantAnswer {
  return failed({ kind: 'answer', status: 400, complete: true, body: { error } })
}

/** The holder without a record at its start, or with one. */
function open(record: SessionRecord | undefined, answers: GrantAnswer[]) {
  return openHolder(record, answers, { signsIn: true, identity })
}

/** Answers once the record has become something else. */
function meanwhile(act: () => Promise<unknown>, answer: GrantAnswer): GrantAnswer {
  return async () => {
    await act()
    return answer as never
  }
}

describe('a refresh of a grant that signs in by itself', () => {
  it('begins the session: there is no record before its tokens, and no intent, since nothing can be spent twice', async () => {
    const holder = await open(undefined, [
      async () => {
        expect(await holder.record()).toBeUndefined()
        return issued as never
      },
    ])
    const outcome = await holder.refresh()
    expect(holder.diary).toEqual(['lease', 'read', 'request undefined', 'write tokens', 'give back'])
    expect(holder.reported).toEqual(['lease.acquired', 'intent.written', 'tokens.issued'])
    const record = await holder.record()
    expect(record).toEqual({
      formatVersion: 1,
      generation: recordTime,
      highestReservedGeneration: recordTime,
      revision: expect.any(String),
      signInId: expect.any(String),
      status: 'signedIn',
      identity,
      rejectionStreak: 0,
      expiresAt: recordTime + 3_600_000,
      secrets: { tokenSet: expect.objectContaining({ accessToken: 'access-2' }) },
    })
    expect(outcome).toEqual({ kind: 'refreshed', record })
  })

  it('goes on with the session that there is', async () => {
    const holder = await open(createRecord(), [issued])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed', record: { signInId: 'sign-in-1' } })
    expect(holder.diary).toEqual(['lease', 'read', 'request refresh-1', 'write tokens', 'give back'])
  })

  it('gives way to another holder that began it meanwhile, whose tokens are as good', async () => {
    const holder = await open(undefined, [
      async () => {
        const theirs = createRecord({ generation: 7, secrets: { tokenSet: createTokenSet() } })
        await holder.memory.compareAndSet(refreshKey, undefined, theirs)
        return issued as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'adopted', record: { generation: 7 } })
    expect(holder.revoked).toEqual([])
  })

  it('is not made where another holder was quicker', async () => {
    const holder = await open(createRecord({ generation: 7 }), [])
    expect(await holder.refresh({ generation: 5 })).toMatchObject({ kind: 'adopted', record: { generation: 7 } })
    expect(holder.sent).toEqual([])
  })

  it('has no doubt where a version before this one left an intent without tokens', async () => {
    const { secrets, ...begun } = createRecord({
      generation: 0,
      refreshIntent: { generation: 0, reservedGeneration: 6, startedAt: 1, holder: 'other', outcomeUnknown: false },
    })
    const holder = await open(begun, [answered('invalid_grant')])
    expect(await holder.refresh()).toMatchObject({ kind: 'ended', record: { end: { reason: 'grantRejected' } } })
  })

  it('is a failure that passes where an answer was lost: the next try asks again, and there is no intent', async () => {
    const holder = await open(createRecord(), [unknown, issued])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'unknownOutcome' })
    expect(holder.sent).toHaveLength(1)
    expect((await holder.record())?.refreshIntent).toBeUndefined()
    await holder.clock.advance(1_000)
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
  })

  it('has lost no rotation where the next request is refused: there is none', async () => {
    const holder = await open(undefined, [unknown, answered('invalid_grant')])
    await holder.refresh()
    const outcome = await holder.refresh({ cause: 'explicit' })
    expect(outcome).toMatchObject({ kind: 'ended', record: { end: { reason: 'grantRejected' } } })
  })

  it('begins anew where the lease is lost before anything was sent', async () => {
    const holder = await open(undefined, [issued])
    const { lease } = holder.store
    holder.store.lease = async () => {
      holder.store.lease = lease
      return { lost: AbortSignal.abort(), [Symbol.asyncDispose]: async () => {} }
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toHaveLength(1)
  })

  it('pauses for an origin that rejects every token', async () => {
    const origin = 'https://api.example'
    const rejection = { origin, acceptedBefore: false, olderRejected: 0, endedGeneration: 0 }
    const holder = await open(createRecord(), [issued])
    await holder.refresh({ cause: 'rejected', rejection })
    const { generation = 0, rejections } = (await holder.record()) ?? {}
    expect(rejections).toEqual({ [origin]: { generation: 5, count: 0 } })
    expect(await holder.refresh({ generation, cause: 'rejected', rejection })).toMatchObject({ kind: 'paused' })
    expect(holder.sent).toHaveLength(1)
  })

  it.each([
    {
      name: 'without a network',
      act: (holder: TestHolder) => {
        holder.settings.offlineSince = recordTime
      },
      code: 'offline',
    },
    {
      name: 'when the store cannot be read',
      act: (holder: TestHolder) => {
        holder.store.read = () => Promise.reject(new StoreError('storeLocked', 'locked'))
      },
      code: 'storeLocked',
    },
    {
      name: 'once the lease is lost',
      act: (holder: TestHolder) => {
        holder.store.lease = async () => ({ lost: AbortSignal.abort(), [Symbol.asyncDispose]: async () => {} })
      },
      code: 'leaseTimeout',
    },
  ])('sends nothing $name', async ({ act, code }) => {
    const holder = await open(undefined, [])
    act(holder)
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code })
    expect(holder.sent).toEqual([])
    expect(await holder.record()).toBeUndefined()
  })

  it('sends nothing once no caller waits for it', async () => {
    const holder = await open(undefined, [])
    const { read } = holder.store
    holder.store.read = (key) => {
      holder.interest.abort()
      return read(key)
    }
    expect(await holder.refresh()).toEqual({ kind: 'cancelled' })
    expect(holder.sent).toEqual([])
  })

  it('keeps a cooldown in a record that has no tokens yet', async () => {
    const holder = await open(undefined, [throttled])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'throttled', serverAsked: true })
    const { secrets, ...record } = (await holder.record()) ?? {}
    expect(secrets).toBeUndefined()
    expect(record).toMatchObject({ status: 'signedIn', serverCooldownUntil: recordTime + 60_000 })
    expect(await holder.refresh({ cause: 'explicit' })).toMatchObject({ kind: 'failed', serverAsked: true })
    expect(holder.sent).toHaveLength(1)
  })

  it('follows a tombstone that its prompt did not know of, and goes on from one that it did', async () => {
    const holder = await open(tombstone, [issued])
    expect(await holder.refresh({ generation: 8 })).toMatchObject({ kind: 'followed', record: tombstone })
    const outcome = await holder.refresh({ generation: 9, cause: 'explicit' })
    expect(outcome).toMatchObject({ kind: 'refreshed', record: { status: 'signedIn' } })
    const record = await holder.record()
    expect(record?.generation).toBeGreaterThan(9)
    // Another session than the one that was signed out, for those who look.
    expect(record?.signInId).not.toBe(tombstone.signInId)
  })

  it('begins anew over a tombstone though the store fails at first', async () => {
    const holder = await open(tombstone, [issued])
    const { compareAndSet } = holder.store
    let failures = 1
    holder.store.compareAndSet = (...write) => {
      failures -= 1
      return failures >= 0 ? Promise.reject(new StoreError('storeUnavailable', 'down')) : compareAndSet(...write)
    }
    const outcome = await holder.refresh({ generation: 9, cause: 'explicit' })
    expect(outcome).toMatchObject({ kind: 'refreshed', record: { status: 'signedIn' } })
    expect(holder.reported).toContain('tokens.unstored')
    expect(holder.revoked).toEqual([])
  })

  it('P43 loses to a sign-out while its request is open: the tokens are revoked', async () => {
    const generation = recordTime + 1
    const signOut = () => holder.overwrite((record) => signedOutRecord(record, { revision: '', generation }))
    const holder = await open(createRecord(), [meanwhile(signOut, issued)])
    expect(await holder.refresh()).toMatchObject({ kind: 'followed', record: { status: 'signedOut' } })
    expect(holder.revoked).toEqual(['access-2'])
  })

  it('P43 loses to a sign-out before there was a record, too', async () => {
    const signOut = () => holder.memory.compareAndSet(refreshKey, undefined, tombstone)
    const holder = await open(undefined, [meanwhile(signOut, issued)])
    expect(await holder.refresh()).toMatchObject({ kind: 'followed', record: tombstone })
    expect(holder.revoked).toEqual(['access-2'])
  })

  it.each([
    ['tokens', issued, { kind: 'refreshed', record: { status: 'signedIn' } }],
    ['an end', answered('invalid_client'), { kind: 'ended', stored: true }],
    ['a cooldown', throttled, { kind: 'failed', code: 'throttled' }],
  ] as const)('writes %s though the record is removed meanwhile', async (_, answer, outcome) => {
    let gone = false
    const remove = async () => {
      gone = true
    }
    const holder = await open(createRecord({ identity }), [meanwhile(remove, answer)])
    const { read, compareAndSet } = holder.store
    const fresh = await openHolder(undefined)
    holder.store.read = (key) => (gone ? fresh.memory.read(key) : read(key))
    holder.store.compareAndSet = (key, expected, next) =>
      gone ? fresh.memory.compareAndSet(key, expected, next) : compareAndSet(key, expected, next)
    expect(await holder.refresh()).toMatchObject(outcome)
    expect(await fresh.memory.read(refreshKey)).toMatchObject({ identity })
    expect(holder.revoked).toEqual([])
  })
})
