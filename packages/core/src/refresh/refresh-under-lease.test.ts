import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { type GrantAnswer, openHolder, refreshKey } from '../../../../test/support/refresh-holder.ts'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { StoreError } from '../errors/store-error.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { GrantOutcome, IdTokenVerdict, TokenEndpointFailure } from '../token/grant.ts'

const issued: GrantAnswer = {
  kind: 'issued',
  tokenSet: { accessToken: 'access-2', expiresIn: 3600, refreshToken: 'refresh-2' },
  receivedAt: recordTime,
}
const unknown = failed({ kind: 'transport', sent: 'unknown', code: 'ECONNRESET' })
const unavailable = failed({ kind: 'unavailable', code: 'throttled' })
const invalidGrant = answered(400, { error: 'invalid_grant' })
const intent = { generation: 5, reservedGeneration: 6, startedAt: 1, holder: 'other', outcomeUnknown: false }

function failed(failure: TokenEndpointFailure): GrantAnswer {
  return { kind: 'failed', failure }
}

function answered(status: number, body?: Record<string, unknown>): GrantAnswer {
  return failed({ kind: 'answer', status, complete: true, ...(body === undefined ? {} : { body }) })
}

function withIdToken(idToken: IdTokenVerdict): GrantAnswer {
  return { ...(issued as Extract<GrantAnswer, { kind: 'issued' }>), idToken }
}

function signedOut({ secrets, ...record }: SessionRecord): SessionRecord {
  return {
    ...record,
    status: 'signedOut',
    generation: record.highestReservedGeneration + 1,
    highestReservedGeneration: record.highestReservedGeneration + 1,
  }
}

function newer(record: SessionRecord): SessionRecord {
  const generation = record.highestReservedGeneration + 1
  return {
    ...record,
    generation,
    highestReservedGeneration: generation,
    secrets: { tokenSet: createTokenSet({ accessToken: 'theirs' }) },
  }
}

describe('a refresh', () => {
  it('waits for the lease, reads again, writes its intent, sends, stores, and gives the lease back, in this order', async () => {
    const holder = await openHolder(createRecord(), [issued])
    const outcome = await holder.refresh()
    expect(holder.diary).toEqual(['lease', 'read', 'write intent', 'request refresh-1', 'write tokens', 'give back'])
    expect(holder.reported).toEqual(['lease.acquired', 'intent.written', 'tokens.issued'])
    expect(outcome).toEqual({ kind: 'refreshed', record: await holder.record() })
  })

  it('stores the new set as the generation that its intent reserved, and nothing is left of the intent', async () => {
    const holder = await openHolder(createRecord(), [
      async () => {
        const { refreshIntent, ...rest } = (await holder.record()) ?? {}
        expect(refreshIntent).toEqual({
          generation: 5,
          reservedGeneration: recordTime,
          startedAt: recordTime,
          holder: 'holder-1',
          outcomeUnknown: false,
        })
        expect(rest).toMatchObject({ generation: 5, highestReservedGeneration: recordTime })
        return issued as never
      },
    ])
    await holder.refresh()
    const record = await holder.record()
    expect(record).toMatchObject({ generation: recordTime, highestReservedGeneration: recordTime, status: 'signedIn' })
    expect(record?.refreshIntent).toBeUndefined()
    expect(record?.secrets?.tokenSet).toMatchObject({ accessToken: 'access-2', refreshToken: 'refresh-2' })
  })

  it('P33 sends the refresh token of the record, never one from memory', async () => {
    const record = createRecord({ secrets: { tokenSet: createTokenSet({ refreshToken: 'from-the-record' }) } })
    const holder = await openHolder(record, [issued])
    await holder.refresh()
    expect(holder.sent).toEqual(['from-the-record'])
  })

  it('P48 keeps the last refresh token and id token it was given, over any sequence of responses', async () => {
    const response = fc.record(
      { refreshToken: fc.string({ minLength: 1 }), idToken: fc.string({ minLength: 1 }) },
      { requiredKeys: [] },
    )
    await fc.assert(
      fc.asyncProperty(fc.array(response, { minLength: 1, maxLength: 6 }), async (responses) => {
        const answers = responses.map(
          (tokens): GrantAnswer => ({
            kind: 'issued',
            tokenSet: { accessToken: 'a', ...tokens },
            receivedAt: recordTime,
          }),
        )
        const holder = await openHolder(createRecord(), answers)
        let expected: { refreshToken?: string; idToken?: string } = { refreshToken: 'refresh-1' }
        for (const tokens of responses) {
          const { generation = 0 } = (await holder.record()) ?? {}
          await holder.refresh({ generation })
          expected = { ...expected, ...tokens }
          expect((await holder.record())?.secrets?.tokenSet).toMatchObject(expected)
        }
      }),
      { numRuns: 30 },
    )
  })

  it('P55 shows no secret to the debug listener', async () => {
    const holder = await openHolder(createRecord(), [unknown, issued])
    await holder.refresh()
    expect(holder.debugged.length).toBeGreaterThan(0)
    expect(JSON.stringify(holder.debugged)).not.toMatch(/access-|refresh-\d/)
  })
})

describe('nothing is sent', () => {
  const end = { reason: 'grantRejected', endedAt: 1 } as const
  const { refreshToken, ...withoutRefreshToken } = createTokenSet()

  it.each([
    { name: 'P23 where somebody was quicker', record: createRecord({ generation: 6 }), outcome: { kind: 'adopted' } },
    { name: 'where somebody signed out', record: signedOut(createRecord()), outcome: { kind: 'followed' } },
    {
      name: 'where the session has ended',
      record: createRecord({ status: 'ended', end }),
      outcome: { kind: 'followed' },
    },
    { name: 'where the record is gone', record: undefined, outcome: { kind: 'followed', record: undefined } },
    {
      name: 'in a cooldown of the server',
      record: createRecord({ serverCooldownUntil: recordTime + 1 }),
      outcome: { kind: 'failed', code: 'server', retryAt: recordTime + 1, serverAsked: true },
    },
    {
      name: 'in a backoff, for the reason of the failure before it',
      record: createRecord({
        backoffUntil: recordTime + 1,
        failure: { code: 'network', count: 1, since: recordTime, refusalsWithoutReason: 0 },
      }),
      outcome: { kind: 'failed', code: 'network', retryAt: recordTime + 1, serverAsked: false },
    },
    {
      name: 'P88 in a backoff after another holder was refused twice: the sign-in may be over',
      record: createRecord({
        backoffUntil: recordTime + 1,
        failure: { code: 'refused', count: 2, since: recordTime, refusalsWithoutReason: 0 },
        refusals: { count: 2, since: recordTime, bare: false },
      }),
      outcome: { kind: 'failed', code: 'refused', mayBeOver: true },
    },
  ])('$name', async ({ record, outcome }) => {
    const holder = await openHolder(record)
    expect(await holder.refresh({ generation: 5 })).toMatchObject(outcome)
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
  })

  it('without a network, and nothing is written', async () => {
    const holder = await openHolder(createRecord())
    holder.settings.offlineSince = recordTime
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'offline' })
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
  })

  it('P8 without a refresh token: the session ends', async () => {
    const holder = await openHolder(createRecord({ secrets: { tokenSet: withoutRefreshToken } }))
    expect(await holder.refresh()).toMatchObject({
      kind: 'ended',
      stored: true,
      record: { end: { reason: 'noRefreshToken' } },
    })
    expect(holder.diary).toEqual(['lease', 'read', 'write end noRefreshToken', 'give back'])
  })

  it.each([
    { name: 'fails', write: () => Promise.reject(new StoreError('storeLocked', 'locked')), code: 'storeLocked' },
    { name: 'throws a foreign error', write: () => Promise.reject(new TypeError('x')), code: 'storeUnavailable' },
    { name: 'hangs', write: () => new Promise<boolean>(() => {}), code: 'storeUnavailable' },
    { name: 'loses to others each time', write: async () => false, code: 'storeUnavailable' },
  ])('when writing the intent $name', async ({ write, code }) => {
    const holder = await openHolder(createRecord())
    holder.store.compareAndSet = write
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code, serverAsked: false })
    expect(holder.sent).toEqual([])
    expect(holder.diary.at(-1)).toBe('give back')
    expect(await holder.record()).toEqual(createRecord())
  })

  it.each([
    { name: 'is locked', error: new StoreError('storeLocked', 'locked'), code: 'storeLocked' },
    { name: 'is down', error: new Error('disk'), code: 'storeUnavailable' },
  ])('when the store $name', async ({ error, code }) => {
    const holder = await openHolder(createRecord())
    holder.store.read = () => Promise.reject(error)
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code })
    expect(holder.sent).toEqual([])
  })

  it('before the record has been read again when somebody else wrote between', async () => {
    const holder = await openHolder(createRecord(), [issued])
    const { compareAndSet } = holder.store
    let isFirst = true
    holder.store.compareAndSet = async (...write) => {
      if (isFirst)
        await holder.overwrite((record) => ({
          ...record,
          secrets: { tokenSet: createTokenSet({ refreshToken: 'moved' }) },
        }))
      isFirst = false
      return compareAndSet(...write)
    }
    await holder.refresh()
    expect(holder.diary).toEqual([
      'lease',
      'read',
      'write intent',
      'read',
      'write intent',
      'request moved',
      'write tokens',
      'give back',
    ])
  })
})

describe('P77 a store that goes back in time while a request is open', () => {
  const before = createRecord({
    generation: 4,
    revision: 'backup',
    secrets: { tokenSet: createTokenSet({ accessToken: 'old' }) },
  })

  /** The store goes back; then the answer comes. */
  async function refreshMeanwhile(answer: GrantAnswer) {
    const holder = await openHolder(createRecord(), [
      async () => {
        await holder.overwrite(() => before)
        return answer as GrantOutcome
      },
    ])
    const outcome = await holder.refresh()
    return { outcome, record: await holder.record() }
  }

  it('has the tokens that were issued written over what is older', async () => {
    const { outcome, record } = await refreshMeanwhile(issued)
    expect(outcome).toMatchObject({ kind: 'refreshed' })
    expect(record?.secrets?.tokenSet).toMatchObject({ accessToken: 'access-2' })
  })

  it('has the end of the newer tokens written over it: the refused token is not sent again', async () => {
    const { outcome, record } = await refreshMeanwhile(invalidGrant)
    expect(outcome).toMatchObject({ kind: 'ended', stored: true })
    expect(record).toMatchObject({ status: 'ended', generation: 5, end: { reason: 'grantRejected' } })
  })

  it('keeps the doubt of what another holder has written back meanwhile', async () => {
    const holder = await openHolder(createRecord(), [
      async () => {
        await holder.overwrite((record) => ({ ...record, refreshIntent: { ...intent, outcomeUnknown: true } }))
        return failed({ kind: 'transport', sent: 'no' }) as GrantOutcome
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'network' })
    expect(await holder.record()).toMatchObject({ refreshIntent: { generation: 5, outcomeUnknown: true } })
  })

  it('remembers that an answer is missing', async () => {
    const { record } = await refreshMeanwhile(answered(500))
    expect(record).toMatchObject({ generation: 5, refreshIntent: { generation: 5, outcomeUnknown: true } })
  })
})

it.each([
  { name: 'cannot be counted on from', highest: 2 ** 52 },
  { name: 'is the last', highest: 2 ** 52 - 1 },
])('a generation that $name sends nothing, and loses nothing', async ({ highest }) => {
  const record = createRecord({ highestReservedGeneration: highest })
  const holder = await openHolder(record)
  expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'storeUnavailable' })
  expect(holder.sent).toEqual([])
  expect(await holder.record()).toEqual(record)
})

describe('an answer that was lost', () => {
  it('is asked for again once, with the same token, 1 s later where there is no jitter, not 1 ms before', async () => {
    const holder = await openHolder(createRecord(), [unknown, issued])
    const refresh = holder.begin()
    await holder.clock.advance(999)
    expect(holder.sent).toEqual(['refresh-1'])
    await holder.clock.advance(1)
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toEqual(['refresh-1', 'refresh-1'])
    expect(holder.diary).toEqual([
      'lease',
      'read',
      'write intent',
      'request refresh-1',
      'read',
      'request refresh-1',
      'write tokens',
      'give back',
    ])
  })

  it('is asked for again 3 s later with the most jitter', async () => {
    const holder = await openHolder(createRecord(), [unknown, issued])
    holder.settings.random = 1
    const refresh = holder.begin()
    await holder.clock.advance(2999)
    expect(holder.sent).toHaveLength(1)
    await holder.clock.advance(1)
    expect(holder.sent).toHaveLength(2)
    await holder.pass(refresh)
  })

  it('is not asked for a third time: the failure is stored, and the intent stays', async () => {
    const holder = await openHolder(createRecord(), [unknown, unknown])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'unknownOutcome', serverAsked: false })
    expect(holder.sent).toHaveLength(2)
    expect((await holder.record())?.refreshIntent).toMatchObject({ generation: 5, outcomeUnknown: true })
  })

  it('is not asked for again where an intent was found: this request was that', async () => {
    const holder = await openHolder(createRecord({ refreshIntent: intent }), [unknown])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'unknownOutcome' })
    expect(holder.sent).toEqual(['refresh-1'])
  })

  it.each([
    { name: 'a clear answer that passes', answer: unavailable },
    { name: 'a refusal', answer: invalidGrant },
    { name: 'tokens', answer: issued },
    { name: 'a server in trouble', answer: answered(503) },
    { name: 'a connection that was never made', answer: failed({ kind: 'transport', sent: 'no' }) },
  ])('is none where there was $name', async ({ answer }) => {
    const holder = await openHolder(createRecord(), [answer])
    await holder.refresh()
    expect(holder.sent).toHaveLength(1)
  })

  it.each([
    { name: 'a grant that throws', answer: () => Promise.reject(new Error('bug')) },
    { name: 'tokens that are none', answer: { kind: 'issued', tokenSet: {}, receivedAt: 0 } as never },
  ])('may be $name', async ({ answer }) => {
    const holder = await openHolder(createRecord(), [answer, issued])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toHaveLength(2)
  })

  it.each([
    { name: 'somebody signed out', change: signedOut, outcome: { kind: 'followed', record: { status: 'signedOut' } } },
    { name: 'somebody has newer tokens', change: newer, outcome: { kind: 'adopted' } },
  ])('is not asked for again where $name meanwhile', async ({ change, outcome }) => {
    const holder = await openHolder(createRecord(), [unknown])
    const refresh = holder.begin()
    await holder.clock.advance(500)
    await holder.overwrite(change)
    expect(await holder.pass(refresh)).toMatchObject(outcome)
    expect(holder.sent).toHaveLength(1)
  })

  it('is not asked for again by a holder that goes away: its intent stays behind', async () => {
    const holder = await openHolder(createRecord(), [unknown])
    const refresh = holder.begin()
    await holder.clock.advance(500)
    holder.abandonment.abort()
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'failed', code: 'unknownOutcome' })
    expect(holder.sent).toHaveLength(1)
    expect((await holder.record())?.refreshIntent).toMatchObject({ generation: 5, outcomeUnknown: true })
  })

  it.each([
    { answer: invalidGrant, expected: { reason: 'rotationLost', serverCode: 'invalid_grant' } },
    {
      answer: answered(401, { error: 'invalid_client' }),
      expected: { reason: 'clientRejected', serverCode: 'invalid_client' },
    },
  ])('makes of a refusal $expected.reason', async ({ answer, expected }) => {
    for (const [record, answers] of [
      [createRecord(), [unknown, answer]],
      [createRecord({ refreshIntent: intent }), [answer]],
    ] as const) {
      const holder = await openHolder(record, [...answers])
      expect(await holder.refresh()).toMatchObject({ kind: 'ended', record: { end: expected } })
    }
  })
})

describe('a refusal for good', () => {
  it.each([
    { answer: invalidGrant, reason: 'grantRejected', left: undefined },
    { answer: answered(400, { error: 'invalid_request' }), reason: 'requestRejected', left: 'refresh-1' },
    { answer: answered(401, { error: 'invalid_client' }), reason: 'clientRejected', left: 'refresh-1' },
  ])('is stored as $reason, with what may be kept', async ({ answer, reason, left }) => {
    const holder = await openHolder(createRecord(), [answer])
    expect(await holder.refresh()).toMatchObject({ kind: 'ended', stored: true, record: { end: { reason } } })
    const record = await holder.record()
    expect(record).toMatchObject({ status: 'ended', secrets: { tokenSet: { accessToken: 'access-1' } } })
    expect(record?.secrets?.tokenSet.refreshToken).toBe(left)
  })

  it('P33 gives way to newer tokens in the store', async () => {
    const holder = await openHolder(createRecord(), [
      async () => {
        await holder.overwrite(newer)
        return invalidGrant as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'adopted', record: { status: 'signedIn' } })
    expect(await holder.record()).toMatchObject({ status: 'signedIn' })
  })

  it('is written over the end that an explicit refresh set out from, whatever moved meanwhile', async () => {
    const end = { reason: 'clientRejected', endedAt: 1 } as const
    const holder = await openHolder(createRecord({ status: 'ended', end }), [
      async () => {
        await holder.overwrite((record) => ({ ...record, fieldOfTheFuture: { kept: 'moved' } }))
        return invalidGrant as never
      },
    ])
    const outcome = await holder.refresh({ cause: 'explicit' })
    expect(outcome).toMatchObject({ kind: 'ended', stored: true, record: { end: { reason: 'grantRejected' } } })
    expect(await holder.record()).toMatchObject({
      end: { reason: 'grantRejected' },
      fieldOfTheFuture: { kept: 'moved' },
    })
  })

  it('gives way to an end that another holder wrote meanwhile', async () => {
    const end = { reason: 'identityMismatch', endedAt: 1 } as const
    const holder = await openHolder(createRecord(), [
      async () => {
        await holder.overwrite((record) => ({ ...record, status: 'ended', end }))
        return invalidGrant as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'followed', record: { end } })
    expect((await holder.record())?.end).toEqual(end)
  })

  it('P42 stands though it cannot be stored', async () => {
    const holder = await openHolder(createRecord(), [
      () => {
        holder.store.compareAndSet = () => Promise.reject(new StoreError('storeUnavailable', 'down'))
        return invalidGrant as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({
      kind: 'ended',
      stored: false,
      record: { end: { reason: 'grantRejected' } },
    })
  })
})

describe('a failure that passes', () => {
  it('is stored with its backoff, and the intent is cleared', async () => {
    const holder = await openHolder(createRecord(), [failed({ kind: 'transport', sent: 'no' })])
    const outcome = await holder.refresh()
    const record = await holder.record()
    expect(outcome).toMatchObject({ kind: 'failed', code: 'network', retryAt: recordTime + 100, serverAsked: false })
    expect(record).toMatchObject({ backoffUntil: recordTime + 100, failure: { code: 'network', count: 1 } })
    expect(record?.refreshIntent).toBeUndefined()
  })

  it('P31 leaves the secrets as they were', async () => {
    const holder = await openHolder(createRecord(), [unavailable])
    await holder.refresh()
    expect((await holder.record())?.secrets).toEqual(createRecord().secrets)
  })

  it('keeps its intent where the server may have rotated nevertheless', async () => {
    const holder = await openHolder(createRecord(), [answered(503)])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'server' })
    expect((await holder.record())?.refreshIntent).toMatchObject({ generation: 5, outcomeUnknown: true })
  })

  it("P38 is stored with the server's cooldown, which binds the next try", async () => {
    const retryAfter = failed({ kind: 'answer', status: 429, retryAfter: '120', complete: true })
    const holder = await openHolder(createRecord(), [retryAfter])
    const expected = { kind: 'failed', code: 'throttled', retryAt: recordTime + 120_000, serverAsked: true }
    expect(await holder.refresh()).toMatchObject(expected)
    expect(await holder.refresh({ cause: 'explicit' })).toMatchObject(expected)
    expect(holder.sent).toHaveLength(1)
  })

  it('P37 ends the session as unreachable after giveUpAfterMilliseconds, not at it', async () => {
    const since = recordTime - 60_000
    const failure = { code: 'network', count: 3, since, refusalsWithoutReason: 0 } as const
    for (const [giveUpAfterMilliseconds, outcome] of [
      [60_000, { kind: 'failed', code: 'network' }],
      [59_999, { kind: 'ended', record: { end: { reason: 'unreachable' }, secrets: createRecord().secrets } }],
    ] as const) {
      const holder = await openHolder(createRecord({ failure }), [failed({ kind: 'transport', sent: 'no' })])
      holder.settings.giveUpAfterMilliseconds = giveUpAfterMilliseconds
      expect(await holder.refresh()).toMatchObject(outcome)
    }
  })
})

describe('tokens that are no good', () => {
  it('P27 that were expired on arrival are stored with a backoff', async () => {
    const expired: GrantAnswer = {
      kind: 'issued',
      tokenSet: { accessToken: 'access-2', expiresIn: 0 },
      receivedAt: recordTime,
    }
    const holder = await openHolder(createRecord(), [expired])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    const record = await holder.record()
    expect(record).toMatchObject({
      rejectionStreak: 1,
      failure: { code: 'tokenUnusable' },
      backoffUntil: recordTime + 100,
    })
  })

  it('P27 that are expired on arrival are backed off from for longer each time', async () => {
    const expired = (): GrantAnswer => ({
      kind: 'issued',
      tokenSet: { accessToken: 'access-2', expiresIn: 0 },
      receivedAt: holder.clock.now(),
    })
    const holder = await openHolder(createRecord(), [() => expired() as never, () => expired() as never])
    holder.settings.random = 1
    for (const [rejectionStreak, delay] of [
      [1, 1000],
      [2, 2000],
    ] as const) {
      const { generation = 0 } = (await holder.record()) ?? {}
      expect(await holder.refresh({ generation })).toMatchObject({ record: { rejectionStreak } })
      expect((await holder.record())?.backoffUntil).toBe(holder.clock.now() + delay)
      await holder.clock.advance(delay)
    }
  })

  it.each([
    { name: 'another subject', idToken: { valid: true, issuer: 'https://login.example', subject: 'bob' } },
    { name: 'another issuer', idToken: { valid: true, issuer: 'https://evil.example', subject: 'alice' } },
    {
      name: 'another subject, in an id token that does not validate',
      idToken: { valid: false, code: 'expired', subject: 'bob' },
    },
  ] as const)('P49 are revoked, erased and never stored where they are of $name', async ({ idToken }) => {
    const holder = await openHolder(createRecord(), [withIdToken(idToken)])
    expect(await holder.refresh()).toMatchObject({ kind: 'ended', record: { end: { reason: 'identityMismatch' } } })
    expect(holder.revoked).toEqual(['access-2'])
    expect((await holder.record())?.secrets).toBeUndefined()
    expect(holder.diary).not.toContain('write tokens')
  })

  it('P49 are kept where only their id token does not validate, and so is the id token before it', async () => {
    const record = createRecord({ secrets: { tokenSet: createTokenSet({ idToken: 'id-1' }) } })
    const answer: GrantAnswer = {
      kind: 'issued',
      tokenSet: { accessToken: 'access-2', idToken: 'id-2' },
      receivedAt: recordTime,
      idToken: { valid: false, code: 'expired', subject: 'alice' },
    }
    const holder = await openHolder(record, [answer])
    await holder.refresh()
    expect((await holder.record())?.secrets?.tokenSet).toMatchObject({ accessToken: 'access-2', idToken: 'id-1' })
  })

  it('tell whose the session is, where nobody knew', async () => {
    const idToken = { valid: true, issuer: 'https://login.example', subject: 'alice' } as const
    const holder = await openHolder(createRecord({ identity: {} }), [withIdToken(idToken)])
    await holder.refresh()
    expect(await holder.record()).toMatchObject({ identity: { subject: 'alice' } })
  })
})

describe('tokens on their way into the store', () => {
  it('P47 are tried to be stored until they are, told as unstored once, and the lease is kept', async () => {
    const holder = await openHolder(createRecord(), [
      () => {
        holder.store.compareAndSet = () => {
          attempts += 1
          return attempts < 6
            ? Promise.reject(new StoreError('storeUnavailable', 'down'))
            : compareAndSet(...lastWrite())
        }
        return issued as never
      },
    ])
    const { compareAndSet } = holder.store
    let attempts = 0
    let written: Parameters<typeof compareAndSet> | undefined
    const lastWrite = () => written as Parameters<typeof compareAndSet>
    const refresh = holder.begin()
    await holder.clock.advance(0)
    const failing = holder.store.compareAndSet
    holder.store.compareAndSet = (...write) => {
      written = write
      return failing(...write)
    }
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toEqual(['refresh-1'])
    expect(holder.reported.filter((step) => step === 'tokens.unstored')).toHaveLength(1)
    expect(holder.diary.indexOf('give back')).toBe(holder.diary.length - 1)
    expect((await holder.record())?.secrets?.tokenSet.accessToken).toBe('access-2')
  })

  it('are known to be stored where the write seemed to fail and was made', async () => {
    const holder = await openHolder(createRecord(), [
      () => {
        const { compareAndSet } = holder.store
        holder.store.compareAndSet = async (...write) => {
          await compareAndSet(...write)
          throw new StoreError('storeUnavailable', 'blip')
        }
        return issued as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect(holder.diary.filter((step) => step === 'write tokens')).toHaveLength(1)
    expect(holder.revoked).toEqual([])
  })

  it.each([
    {
      name: 'P43 are revoked where somebody signed out',
      change: signedOut,
      outcome: { kind: 'followed' },
      revoked: ['access-2'],
    },
    {
      name: 'P43 are revoked where somebody else signed in',
      change: (record: SessionRecord) => ({
        ...newer(record),
        signInId: 'sign-in-2',
        identity: { ...record.identity, subject: 'bob' },
      }),
      outcome: { kind: 'adopted' },
      revoked: ['access-2'],
    },
    {
      name: 'P43 are dropped, not revoked, where the same subject signed in anew: both may hang on one grant',
      change: (record: SessionRecord) => ({ ...newer(record), signInId: 'sign-in-2' }),
      outcome: { kind: 'adopted' },
      revoked: [],
    },
    {
      name: 'are dropped, not revoked, where the same sign-in has newer ones',
      change: newer,
      outcome: { kind: 'adopted' },
      revoked: [],
    },
    {
      name: 'are written over a cooldown that moved',
      change: (record: SessionRecord) => ({ ...record, serverCooldownUntil: recordTime + 5 }),
      outcome: { kind: 'refreshed' },
      revoked: [],
    },
    {
      name: 'win over an end by the rejection of the token we sent',
      change: (record: SessionRecord): SessionRecord => ({
        ...record,
        status: 'ended',
        end: { reason: 'grantRejected', endedAt: 1 },
      }),
      outcome: { kind: 'refreshed', record: { status: 'signedIn' } },
      revoked: [],
    },
  ])('$name', async ({ change, outcome, revoked }) => {
    const holder = await openHolder(createRecord(), [
      async () => {
        await holder.overwrite(change)
        return issued as never
      },
    ])
    expect(await holder.refresh()).toMatchObject(outcome)
    expect(holder.revoked).toEqual(revoked)
  })
})

describe('an answer with a new refresh token and no access token that can be sent', () => {
  const rotated: GrantAnswer = {
    kind: 'issued',
    tokenSet: { refreshToken: 'refresh-2', expiresIn: 3600 } as never,
    receivedAt: recordTime + 7,
  }

  it('is stored as the next generation, with the access token before it, and tried again after a backoff', async () => {
    const holder = await openHolder(createRecord(), [rotated, issued])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    const record = await holder.record()
    expect(record).toMatchObject({
      status: 'signedIn',
      generation: recordTime,
      expiresAt: recordTime + 3_600_000,
      failure: { code: 'tokenUnusable' },
      backoffUntil: recordTime + 100,
    })
    expect(record?.refreshIntent).toBeUndefined()
    expect(record?.secrets?.tokenSet).toMatchObject({
      accessToken: 'access-1',
      refreshToken: 'refresh-2',
      receivedAt: recordTime,
      expiresAt: recordTime + 3_600_000,
    })
    await holder.clock.advance(100)
    expect(await holder.refresh({ generation: recordTime })).toMatchObject({ kind: 'refreshed' })
    expect(holder.sent).toEqual(['refresh-1', 'refresh-2'])
  })

  it('leaves no time to an access token that was rejected', async () => {
    const holder = await openHolder(createRecord(), [rotated])
    const rejection = { origin: 'https://api.example', acceptedBefore: true, olderRejected: 0, endedGeneration: 0 }
    await holder.refresh({ cause: 'rejected', rejection })
    expect((await holder.record())?.expiresAt).toBe(recordTime)
  })

  it.each([
    { name: 'with the refresh token that was sent', refreshToken: 'refresh-1' },
    { name: 'without one', refreshToken: undefined },
    { name: 'with one that cannot be sent', refreshToken: 5 },
  ])('is an answer that was lost, where it comes $name', async ({ refreshToken }) => {
    const answer = { ...(rotated as object), tokenSet: { refreshToken } } as GrantAnswer
    const holder = await openHolder(createRecord(), [answer, answer])
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'unknownOutcome' })
    expect(holder.sent).toEqual(['refresh-1', 'refresh-1'])
  })
})

describe('an origin that rejects every token', () => {
  const origin = 'https://api.example'
  const first = { origin, acceptedBefore: false, olderRejected: 0, endedGeneration: 0 }
  const pausing = { generation: 5, count: 1, pausedUntil: recordTime + 10_000 }

  it('causes one refresh, and with the next token a pause instead of another', async () => {
    const holder = await openHolder(createRecord(), [issued, issued])
    expect(await holder.refresh({ cause: 'rejected', rejection: first })).toMatchObject({ kind: 'refreshed' })
    const { generation = 0, rejections } = (await holder.record()) ?? {}
    expect(rejections).toEqual({ [origin]: { generation: 5, count: 0 } })
    const paused = { [origin]: { generation, count: 1, pausedUntil: holder.clock.now() + 10_000 } }
    expect(await holder.refresh({ generation, cause: 'rejected', rejection: first })).toEqual({
      kind: 'paused',
      rejections: paused,
    })
    expect((await holder.record())?.rejections).toEqual(paused)
    expect(holder.sent).toHaveLength(1)
    expect(holder.diary.slice(-4)).toEqual(['lease', 'read', 'write pause', 'give back'])
  })

  it('is told with the intent, so that a crash does not forget it', async () => {
    const holder = await openHolder(createRecord(), [
      async () => {
        const { rejections, refreshIntent } = (await holder.record()) ?? {}
        expect(refreshIntent).toBeDefined()
        expect(rejections).toEqual({ [origin]: { generation: 5, count: 0 } })
        return unavailable as never
      },
    ])
    await holder.refresh({ cause: 'rejected', rejection: first })
    expect((await holder.record())?.rejections).toEqual({ [origin]: { generation: 5, count: 0 } })
  })

  it('costs neither a write nor a request while it pauses', async () => {
    const rejections = { [origin]: pausing }
    const holder = await openHolder(createRecord({ rejections }))
    expect(await holder.refresh({ cause: 'rejected', rejection: first })).toEqual({ kind: 'paused', rejections })
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
  })

  it('is written to pause without the runs that this holder has seen end', async () => {
    const files = 'https://files.example'
    const rejections = { [origin]: { generation: 4, count: 0 }, [files]: { generation: 4, count: 0 } }
    const holder = await openHolder(createRecord({ rejections }))
    holder.endedRuns.set(files, 4)
    await holder.refresh({ cause: 'rejected', rejection: first })
    expect((await holder.record())?.rejections).toEqual({ [origin]: pausing })
  })

  it('pauses here though that cannot be written: its next rejection tries again', async () => {
    const holder = await openHolder(createRecord({ rejections: { [origin]: { generation: 4, count: 0 } } }))
    holder.store.compareAndSet = () => Promise.reject(new StoreError('storeUnavailable', 'down'))
    expect(await holder.refresh({ cause: 'rejected', rejection: first })).toEqual({
      kind: 'paused',
      rejections: { [origin]: pausing },
    })
    expect(holder.sent).toEqual([])
    expect(holder.diary.at(-1)).toBe('give back')
  })

  it('keeps no other cause from a refresh, and its run stays in the record', async () => {
    const rejections = { [origin]: pausing }
    for (const cause of ['due', 'explicit', 'resumed'] as const) {
      const holder = await openHolder(createRecord({ rejections }), [issued])
      expect(await holder.refresh({ cause })).toMatchObject({ kind: 'refreshed' })
      expect((await holder.record())?.rejections).toEqual(rejections)
    }
  })

  it('is forgotten with the next intent once this holder has seen its run end', async () => {
    const files = { 'https://files.example': { generation: 5, count: 0 } }
    const holder = await openHolder(createRecord({ rejections: { [origin]: pausing, ...files } }), [issued])
    holder.endedRuns.set(origin, 5)
    await holder.refresh({ cause: 'due' })
    expect((await holder.record())?.rejections).toEqual(files)
  })
})

describe('the lease', () => {
  it.each<{ name: string; record?: SessionRecord; answers: GrantAnswer[] }>([
    { name: 'tokens', answers: [issued] },
    { name: 'a refusal', answers: [invalidGrant] },
    { name: 'a failure that passes', answers: [unavailable] },
    { name: 'answers that were lost', answers: [unknown, unknown] },
    {
      name: 'a grant that throws',
      answers: [() => Promise.reject(new Error('x')), () => Promise.reject(new Error('x'))],
    },
    { name: 'tokens of somebody else', answers: [withIdToken({ valid: true, issuer: 'i', subject: 's' })] },
    { name: 'a neighbour who was quicker', record: createRecord({ generation: 9 }), answers: [] },
  ])('is given back once after $name', async ({ record = createRecord(), answers }) => {
    const holder = await openHolder(record, answers)
    await holder.refresh({ generation: 5 })
    expect(holder.diary.filter((step) => step === 'give back')).toHaveLength(1)
    await using _next = await holder.memory.lease(refreshKey, { signal: AbortSignal.timeout(1000) })
  })

  it('that cannot be given back is no failure of the refresh', async () => {
    const holder = await openHolder(createRecord(), [issued])
    holder.store.lease = async () => ({
      lost: new AbortController().signal,
      [Symbol.asyncDispose]: () => Promise.reject(new Error('gone')),
    })
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
  })

  it('that was lost before anything was sent is waited for again, three times in all', async () => {
    const holder = await openHolder(createRecord())
    holder.store.lease = async () => ({ lost: AbortSignal.abort(), [Symbol.asyncDispose]: async () => {} })
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'leaseTimeout' })
    expect(holder.diary).toEqual(['read', 'read', 'read'])
  })

  it.each([
    { name: 'before the intent', loseAt: 'read', diary: ['read'] },
    { name: 'while the intent is written', loseAt: 'compareAndSet', diary: ['read', 'write intent', 'write pause'] },
    { name: 'right before the request', loseAt: 'sending', diary: ['read', 'write intent', 'write pause'] },
  ])('that is lost $name is waited for again, and the refresh begins anew', async ({ loseAt, diary }) => {
    const lost = new AbortController()
    const holder = await openHolder(createRecord(), [], {
      async refresh({ refreshToken, mayStillBeSent }) {
        if (loseAt === 'sending') lost.abort()
        if (mayStillBeSent?.() === false) return { kind: 'failed', failure: { kind: 'transport', sent: 'no' } }
        holder.sent.push(refreshToken)
        return issued as GrantOutcome
      },
    })
    const { lease, read, compareAndSet } = holder.store
    let leases = 0
    holder.store.lease = async (key, options) => {
      leases += 1
      return leases > 1 ? lease(key, options) : { lost: lost.signal, [Symbol.asyncDispose]: async () => {} }
    }
    holder.store.read = (key) => {
      if (loseAt === 'read') lost.abort()
      return read(key)
    }
    holder.store.compareAndSet = (...write) => {
      if (loseAt === 'compareAndSet') lost.abort()
      return compareAndSet(...write)
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect(holder.diary).toEqual([...diary, 'lease', 'read', 'write intent', 'write tokens', 'give back'])
    expect(holder.sent).toEqual(['refresh-1'])
  })

  it('that is lost while another holder brings tokens is not waited for: they are adopted', async () => {
    const holder = await openHolder(createRecord())
    const { lease, read } = holder.store
    holder.store.lease = async () => ({ lost: AbortSignal.abort(), [Symbol.asyncDispose]: async () => {} })
    holder.store.read = async (key) => {
      const record = await read(key)
      holder.store.lease = lease
      await holder.overwrite(newer)
      return record
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'adopted' })
    expect(holder.sent).toEqual([])
  })

  it('that is lost while the intent is written takes the intent back: nothing was sent', async () => {
    const lost = new AbortController()
    const holder = await openHolder(createRecord())
    holder.store.lease = async () => ({ lost: lost.signal, [Symbol.asyncDispose]: async () => {} })
    const { compareAndSet } = holder.store
    holder.store.compareAndSet = (...write) => {
      lost.abort()
      return compareAndSet(...write)
    }
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'leaseTimeout' })
    expect(holder.sent).toEqual([])
    expect((await holder.record())?.refreshIntent).toBeUndefined()
  })

  it('that was lost after an answer was lost makes sure that nothing is sent again', async () => {
    const lost = new AbortController()
    const holder = await openHolder(createRecord(), [
      () => {
        lost.abort()
        return unknown as never
      },
    ])
    holder.store.lease = async () => ({ lost: lost.signal, [Symbol.asyncDispose]: async () => {} })
    await holder.refresh()
    expect(holder.sent).toHaveLength(1)
  })

  it('P20 that cannot be had in 75 s is a typed failure, never a refresh without it', async () => {
    const holder = await openHolder(createRecord())
    await using _held = await holder.memory.lease(refreshKey, { signal: new AbortController().signal })
    const refresh = holder.begin()
    let isSettled = false
    void refresh.then(() => {
      isSettled = true
    })
    await holder.clock.advance(74_999)
    expect(isSettled).toBe(false)
    await holder.clock.advance(1)
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'failed', code: 'leaseTimeout' })
    expect(holder.sent).toEqual([])
    expect(holder.diary).not.toContain('give back')
  })

  it('is not waited for any longer once whoever has it has brought new tokens', async () => {
    const holder = await openHolder(createRecord())
    await using _held = await holder.memory.lease(refreshKey, { signal: new AbortController().signal })
    const refresh = holder.begin()
    await holder.clock.advance(10)
    await holder.overwrite(newer)
    await holder.clock.advance(0)
    expect(await refresh).toMatchObject({
      kind: 'adopted',
      record: { secrets: { tokenSet: { accessToken: 'theirs' } } },
    })
  })

  it('is looked past once more when the wait runs out: a hint can be lost', async () => {
    const holder = await openHolder(createRecord())
    holder.store.watch = () => () => {}
    await using _held = await holder.memory.lease(refreshKey, { signal: new AbortController().signal })
    const refresh = holder.begin()
    await holder.clock.advance(10)
    await holder.overwrite(newer)
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'adopted' })
  })

  it('of a store that fails is a failure of the store', async () => {
    const holder = await openHolder(createRecord())
    holder.store.lease = () => Promise.reject(new StoreError('storeLocked', 'locked'))
    expect(await holder.refresh()).toMatchObject({ kind: 'failed', code: 'storeLocked' })
  })
})

describe('losing interest', () => {
  it('P19 ends the wait for the lease', async () => {
    const holder = await openHolder(createRecord())
    await using _held = await holder.memory.lease(refreshKey, { signal: new AbortController().signal })
    const refresh = holder.begin()
    await holder.clock.advance(10)
    holder.interest.abort()
    expect(await refresh).toEqual({ kind: 'cancelled' })
    expect(holder.diary).toEqual([])
  })

  it('ends the refresh before its intent is written, and the lease is given back', async () => {
    const holder = await openHolder(createRecord())
    const { read } = holder.store
    holder.store.read = (key) => {
      holder.interest.abort()
      return read(key)
    }
    expect(await holder.refresh()).toEqual({ kind: 'cancelled' })
    expect(holder.diary).toEqual(['lease', 'read', 'give back'])
  })

  it('P24 changes nothing once the intent is written: the tokens are stored', async () => {
    const holder = await openHolder(createRecord(), [
      ({ signal }) => {
        holder.interest.abort()
        expect(signal.aborted).toBe(false)
        return issued as never
      },
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
    expect((await holder.record())?.secrets?.tokenSet.accessToken).toBe('access-2')
  })

  it('P24 changes nothing about asking again for an answer that was lost', async () => {
    const holder = await openHolder(createRecord(), [
      () => {
        holder.interest.abort()
        return unknown as never
      },
      issued,
    ])
    expect(await holder.refresh()).toMatchObject({ kind: 'refreshed' })
  })
})

describe('a token request', () => {
  function untilAborted({ signal }: { signal: AbortSignal }): Promise<never> {
    return new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    })
  }

  it('is open for at most 60 s, not 1 ms less', async () => {
    const holder = await openHolder(createRecord({ refreshIntent: intent }), [untilAborted])
    const refresh = holder.begin()
    await holder.clock.advance(59_999)
    expect(holder.diary.at(-1)).toBe('request refresh-1')
    await holder.clock.advance(1)
    expect(await holder.pass(refresh)).toMatchObject({ kind: 'failed', code: 'unknownOutcome' })
  })

  it('is given up with its holder, whose intent stays behind', async () => {
    const holder = await openHolder(createRecord(), [untilAborted])
    const refresh = holder.begin()
    await holder.clock.advance(10)
    holder.abandonment.abort()
    await holder.pass(refresh)
    expect(holder.sent).toHaveLength(1)
    expect((await holder.record())?.refreshIntent).toMatchObject({ generation: 5 })
  })

  it('leaves no timer behind', async () => {
    for (const answers of [[issued], [invalidGrant], [unavailable], [unknown, issued]]) {
      const holder = await openHolder(createRecord(), answers)
      await holder.refresh()
      expect(holder.clock.timers).toBe(0)
    }
  })
})
