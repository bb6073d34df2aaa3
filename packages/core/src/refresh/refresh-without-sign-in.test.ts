import { describe, expect, it } from 'vitest'
import { type GrantAnswer, openHolder, refreshKey } from '../../../../test/support/refresh-holder.ts'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { signedOutRecord } from '../policy/next-record.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { Grant, TokenEndpointFailure } from '../token/grant.ts'

const grant: Partial<Grant> = {
  needsRefreshToken: false,
  signIn: () => Promise.reject(new Error('the procedure calls `refresh`')),
  identity: { issuer: 'https://login.example', clientId: 'service' },
}
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
  return openHolder(record, answers, { ...grant })
}

/** Answers once the record has become something else. */
function meanwhile(act: () => Promise<unknown>, answer: GrantAnswer): GrantAnswer {
  return async () => {
    await act()
    return answer as never
  }
}

describe('a refresh that nobody had to sign in for', () => {
  it('begins the session: the record comes with the intent in it, and then with tokens', async () => {
    const writes: SessionRecord[] = []
    const holder = await openHolder(undefined, [], {
      ...grant,
      async refresh() {
        const record = await holder.record()
        if (record !== undefined) writes.push(record)
        return issued as never
      },
    })
    const outcome = await holder.refresh()
    expect(holder.diary).toEqual(['lease', 'read', 'write intent', 'write tokens', 'give back'])
    expect(writes).toEqual([
      {
        formatVersion: 1,
        generation: 0,
        highestReservedGeneration: recordTime,
        revision: expect.any(String),
        signInId: expect.any(String),
        status: 'signedIn',
        identity: grant.identity,
        rejectionStreak: 0,
        refreshIntent: {
          generation: 0,
          reservedGeneration: recordTime,
          startedAt: recordTime,
          holder: 'holder-1',
          outcomeUnknown: false,
        },
      },
    ])
    expect(outcome).toMatchObject({ kind: 'refreshed', record: { generation: recordTime, status: 'signedIn' } })
    expect(await holder.record()).toMatchObject({ secrets: { tokenSet: { accessToken: 'access-2' } } })
  })

  it('gives way to somebody who began it meanwhile', async () => {
    const holder = await open(undefined, [])
    const { compareAndSet } = holder.store
    holder.store.compareAndSet = async (key, expected, next) => {
      const theirs = createRecord({ generation: 7, secrets: { tokenSet: createTokenSet() } })
      await holder.memory.compareAndSet(key, undefined, theirs)
      return compareAndSet(key, expected, next)
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'adopted', record: { generation: 7 } })
    expect(holder.sent).toEqual([])
  })

  it('goes on where a crash left nothing but an intent, and has no doubt', async () => {
    const { secrets, ...begun } = createRecord({
      generation: 0,
      refreshIntent: { generation: 0, reservedGeneration: 6, startedAt: 1, holder: 'other', outcomeUnknown: false },
    })
    const holder = await open(begun, [answered('invalid_grant')])
    expect(await holder.refresh()).toMatchObject({ kind: 'ended', record: { end: { reason: 'grantRejected' } } })
  })

  it('asks again once where an answer was lost', async () => {
    const holder = await open(undefined, [unknown, issued])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toHaveLength(2)
  })

  it('has lost no rotation where the request that is repeated is refused: there is none', async () => {
    const holder = await open(undefined, [unknown, answered('invalid_grant')])
    expect(await holder.refresh()).toMatchObject({ kind: 'ended', record: { end: { reason: 'grantRejected' } } })
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
    // Another session than the one that was signed out, for whoever looks.
    expect(record?.signInId).not.toBe(tombstone.signInId)
  })

  it('P43 loses to a sign-out while its request is open: the tokens are revoked', async () => {
    const signOut = () =>
      holder.overwrite((record) => signedOutRecord(record, { revision: '', generation: recordTime + 1 }))
    const holder = await open(undefined, [meanwhile(signOut, issued)])
    expect(await holder.refresh()).toMatchObject({ kind: 'followed', record: { status: 'signedOut' } })
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
    const holder = await open(undefined, [meanwhile(remove, answer)])
    const { read, compareAndSet } = holder.store
    const fresh = await openHolder(undefined)
    holder.store.read = (key) => (gone ? fresh.memory.read(key) : read(key))
    holder.store.compareAndSet = (key, expected, next) =>
      gone ? fresh.memory.compareAndSet(key, expected, next) : compareAndSet(key, expected, next)
    expect(await holder.refresh()).toMatchObject(outcome)
    expect(await fresh.memory.read(refreshKey)).toMatchObject({ identity: grant.identity })
    expect(holder.revoked).toEqual([])
  })

  it('is tried again later where the record is removed before a lost request could be repeated', async () => {
    const holder = await open(undefined, [unknown])
    const { read } = holder.store
    let reads = 0
    holder.store.read = async (key) => {
      reads += 1
      return reads === 2 ? undefined : read(key)
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'failed' })
    expect(holder.sent).toHaveLength(1)
  })
})
