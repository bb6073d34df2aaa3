import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import type { Grant } from '../token/grant.ts'
import { noToken } from './session-context.ts'
import { SessionCore } from './session-core.ts'
import type { SessionEvent, TokenFacts } from './session-events.ts'
import { resolveOptions } from './session-options.ts'
import { provideEffects } from './session-setup.ts'
import { Vault } from './vault.ts'

const hour = 3_600_000

function openVault(changes: Partial<Grant> & { random?: () => number } = {}) {
  const { random = () => 0, ...grantChanges } = changes
  const grant = { needsRefreshToken: true, identity: {}, ...grantChanges } as Grant
  const vault = new Vault({ grant, random, clock: { now: () => 0 } })
  return {
    vault,
    describe: (record: SessionRecord) => vault.describe(record),
    hold: (facts: TokenFacts, withheld = false) => vault.hold(facts, withheld),
  }
}

function recordOf(generation: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  const tokenSet = createTokenSet({ accessToken: `access-${generation}` })
  return createRecord({ generation, secrets: { tokenSet }, ...changes })
}

function withoutMember(name: 'refreshToken' | 'expiresAt'): SessionRecord {
  const { [name]: _member, ...tokenSet } = createTokenSet()
  return createRecord({ secrets: { tokenSet } as never })
}

describe('the vault', () => {
  it('holds nothing at first', () => {
    const { vault } = openVault()
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0, highestGeneration: 0 })
    expect(vault.judge(0)).toBe('unusable')
    expect(vault.idToken).toBeUndefined()
  })

  it('describes a record without its tokens, and holds nothing for that', () => {
    const { vault, describe } = openVault()
    const facts = describe(recordOf(5))
    expect(facts).toEqual({
      generation: 5,
      signInId: 'sign-in-1',
      held: true,
      refreshable: true,
      receivedAt: recordTime,
      expiresAt: recordTime + hour,
      refreshDueAt: recordTime + 45 * 60_000,
    })
    expect(JSON.stringify(facts)).not.toMatch(/access-|refresh-/)
    expect(vault.token).toBeUndefined()
    expect(vault.highestGeneration).toBe(5)
  })

  it('holds the tokens behind its own description, and none behind a copy of it', async () => {
    const { vault, describe, hold } = openVault()
    const facts = describe(recordOf(5))
    hold(facts)
    expect(vault.token).toMatchObject({ generation: 5, value: 'access-5' })
    expect(await vault.resolvedToken).toBe(vault.token)
    expect(vault.facts).toBe(facts)
    hold({ ...facts })
    expect(vault.token).toBeUndefined()
  })

  it('gives the same token object for as long as it is the same token, however often the record is read', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(recordOf(5)))
    const { token, resolvedToken } = vault
    hold(describe(recordOf(5, { backoffUntil: recordTime })))
    expect(vault.token).toBe(token)
    expect(vault.resolvedToken).toBe(resolvedToken)
    hold(describe(recordOf(6)))
    expect(vault.token).not.toBe(token)
  })

  it('remembers the highest generation it has heard of, whatever is held', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(recordOf(9)))
    describe(recordOf(5))
    hold(noToken)
    expect(vault.highestGeneration).toBe(9)
  })

  it('forgets its tokens, not which they were', () => {
    const { vault, describe, hold } = openVault()
    const facts = describe(recordOf(5))
    hold(facts)
    hold({ ...facts, held: false, refreshable: false }, true)
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0 })
    expect(vault.facts).toMatchObject({ generation: 5, signInId: 'sign-in-1', held: false, refreshable: false })
  })

  it('holds no token with the description of a record that has none', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(recordOf(5)))
    const { secrets, ...erased } = recordOf(5)
    const facts = describe({ ...erased, status: 'ended' })
    expect(facts).toMatchObject({ generation: 5, held: false })
    hold(facts)
    expect(vault.token).toBeUndefined()
    expect(vault.freshUntil).toBe(0)
  })

  it('has the id token of the token set that is held', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(createRecord({ secrets: { tokenSet: createTokenSet({ idToken: 'id-1' }) } })))
    expect(vault.idToken).toBe('id-1')
    hold(noToken)
    expect(vault.idToken).toBeUndefined()
  })

  it('describes the runs of rejections that the record knows', () => {
    const rejections = { 'https://api.example': { generation: 5, count: 1 } }
    expect(openVault().describe(createRecord({ rejections })).rejections).toBe(rejections)
    const { secrets, ...erased } = createRecord({ rejections })
    expect(openVault().describe(erased).rejections).toBe(rejections)
  })

  it('decides once when a set is due, however often it is read', () => {
    let random = 0
    const { describe, hold } = openVault({ random: () => random })
    const facts = describe(createRecord())
    hold(facts)
    random = 1
    const again = describe(withoutMember('refreshToken'))
    expect(again).toEqual({ ...facts, refreshable: false })
  })

  it('P63 proves with one and the same key for as long as a sign-in lasts, and with none of another', async () => {
    const asked: unknown[] = []
    const dpop = {
      proofsFor: ({ proofKey }: { proofKey: unknown }) =>
        Object.assign(async () => asked.push(proofKey), { send: undefined }),
    }
    const { vault, describe, hold } = openVault({ dpop: dpop as never })
    const tokenSet = createTokenSet({ tokenType: 'DPoP' })
    const prove = async (record: SessionRecord) => {
      hold(describe(record))
      await vault.token?.createProof?.({ method: 'GET', url: 'https://a.example' })
    }
    const key = { kty: 'EC', d: 'key' }
    await prove(createRecord({ generation: 1, signInId: 'a', secrets: { tokenSet, proofKey: key } }))
    await prove(createRecord({ generation: 2, signInId: 'a', secrets: { tokenSet, proofKey: { ...key } } }))
    await prove(createRecord({ generation: 3, signInId: 'b', secrets: { tokenSet, proofKey: { ...key, d: 'next' } } }))
    hold({ ...vault.facts, held: false })
    await prove(createRecord({ generation: 4, signInId: 'b', secrets: { tokenSet } }))
    await prove(createRecord({ generation: 5, signInId: 'c', secrets: { tokenSet } }))
    expect(asked).toEqual([key, key, { ...key, d: 'next' }, undefined, undefined])
    expect(asked[1]).toBe(asked[0])
  })

  it('can refresh without a refresh token where the grant needs none', () => {
    const refreshable = (needsRefreshToken: boolean, record: SessionRecord) =>
      openVault({ needsRefreshToken }).describe(record).refreshable
    expect(refreshable(true, withoutMember('refreshToken'))).toBe(false)
    expect(refreshable(false, withoutMember('refreshToken'))).toBe(true)
    const { secrets, ...begun } = createRecord()
    expect(refreshable(true, begun)).toBe(false)
    expect(refreshable(false, begun)).toBe(true)
    // An end is not undone by a grant that needs no refresh token.
    expect(refreshable(false, { ...begun, status: 'ended' })).toBe(false)
    expect(refreshable(false, { ...withoutMember('refreshToken'), status: 'ended' })).toBe(false)
  })

  it('takes an empty refresh token for none', () => {
    const record = createRecord({ secrets: { tokenSet: createTokenSet({ refreshToken: '' }) } })
    expect(openVault().describe(record).refreshable).toBe(false)
  })

  it('tells when to try again where the set was expired on arrival', () => {
    const tokenSet = createTokenSet({ expiresAt: recordTime })
    const failure = { code: 'tokenUnusable', count: 1, since: recordTime, refusalsWithoutReason: 0 } as const
    const facts = openVault().describe(createRecord({ secrets: { tokenSet }, failure, backoffUntil: recordTime + 500 }))
    expect(facts.retryAt).toBe(recordTime + 500)
    expect(openVault().describe(createRecord({ backoffUntil: recordTime + 500 })).retryAt).toBeUndefined()
  })
})

describe('the judgement of the vault', () => {
  function openWith(record: SessionRecord) {
    const { vault, describe, hold } = openVault()
    hold(describe(record))
    return vault
  }

  it.each([
    { at: -1, expected: 'fresh', when: '1 ms before it arrived' },
    { at: 45 * 60_000 - 1, expected: 'fresh', when: '1 ms before it is due' },
    { at: 45 * 60_000, expected: 'expiring', when: 'when it is due' },
    { at: hour - 1, expected: 'expiring', when: '1 ms before it expires' },
    { at: hour, expected: 'unusable', when: 'at exactly its expiry' },
    { at: 48 * hour, expected: 'unusable', when: 'P29 two days later' },
  ])('is $expected $when', ({ at, expected }) => {
    const vault = openWith(recordOf(5))
    expect(vault.judge(recordTime + at)).toBe(expected)
    expect(recordTime + at < vault.freshUntil).toBe(expected === 'fresh')
  })

  it('P26 is fresh for ever without an expiry', () => {
    const vault = openWith(withoutMember('expiresAt'))
    expect(vault.freshUntil).toBe(Number.POSITIVE_INFINITY)
    expect(vault.judge(8.64e15)).toBe('fresh')
  })

  it('is what the clock says, though the token is withheld: that is for the callers to know', () => {
    const { vault, describe, hold } = openVault()
    const facts = describe(recordOf(5))
    hold(facts, true)
    expect(vault.token).toBeDefined()
    expect(vault.judge(recordTime)).toBe('fresh')
  })

  it('does not serve a token without a thought while it is withheld, and does again afterwards', () => {
    const { vault, describe, hold } = openVault()
    const facts = describe(recordOf(5))
    hold(facts)
    expect(vault.freshUntil).toBe(recordTime + 45 * 60_000)
    hold(facts, true)
    expect(vault.freshUntil).toBe(0)
    hold(describe(recordOf(5)), true)
    expect(vault.freshUntil).toBe(0)
    hold(describe(recordOf(6)))
    expect(vault.freshUntil).toBe(recordTime + 45 * 60_000)
  })
})

describe('how long the token of the vault lasts', () => {
  it.each([
    { wanted: 0, at: hour - 1, lasts: true },
    { wanted: 0, at: hour, lasts: false },
    { wanted: 60_000, at: hour - 60_001, lasts: true },
    { wanted: 60_000, at: hour - 60_000, lasts: false },
    { wanted: 10 * hour, at: 0, lasts: false },
  ])('$wanted ms more, $at ms after it came by a sign-in: $lasts', ({ wanted, at, lasts }) => {
    const { vault, describe, hold } = openVault()
    hold(describe(recordOf(5)))
    expect(vault.lasts(wanted, recordTime + at)).toBe(lasts)
  })

  it('is as long as another would last, where it came by a refresh and cannot do better', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(recordOf(5)))
    hold(describe(recordOf(6)))
    expect(vault.lasts(10 * hour, recordTime)).toBe(true)
    hold(describe(recordOf(7, { signInId: 'sign-in-2' })))
    expect(vault.lasts(10 * hour, recordTime)).toBe(false)
  })

  it('is for ever without an expiry', () => {
    const { vault, describe, hold } = openVault()
    hold(describe(withoutMember('expiresAt')))
    expect(vault.lasts(10 * hour, 8e15)).toBe(true)
  })
})

describe('the vault under the chart', () => {
  const generation = fc.integer({ min: 1, max: 9 })
  const signInId = fc.constantFrom('a', 'b')
  const step = fc.oneof(
    fc.record({
      kind: fc.constantFrom('signedIn', 'adopted', 'ended', 'erased', 'tombstone', 'signIn'),
      generation,
      signInId,
    }),
    fc.record({ kind: fc.constantFrom('refresh', 'fail', 'signOut', 'absent', 'reject'), generation, signInId }),
  )

  it('holds what the chart has taken, nothing once no user is signed in, and never goes back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const core = openCore()
        const { vault } = core
        let highest = 0
        for (const next of steps) {
          for (const event of eventsOf(next, core)) core.send(event)
          const { value, context } = core.actor.getSnapshot()
          const isSignedIn = typeof value === 'object' && 'signedIn' in value
          expect(vault.token?.generation).toBe(isSignedIn && context.token.held ? context.token.generation : undefined)
          // What is served without a thought is what the snapshot calls usable.
          if (recordTime < vault.freshUntil) expect(core.snapshot.usable).toBe(true)
          expect(core.snapshot.generation).toBe(context.token.generation)
          // Where the record is gone, or a user signs in here, nothing is older any more.
          if (next.kind === 'signIn' || next.kind === 'absent') highest = 0
          if (vault.token === undefined) continue
          expect(vault.token.generation).toBeGreaterThanOrEqual(highest)
          highest = vault.token.generation
        }
      }),
      { numRuns: 500 },
    )
  })

  it('P43 is not opened again by anything of the sign-in that was signed out', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 15 }), (steps) => {
        const core = openCore()
        core.send({ type: 'signIn.stored', token: core.vault.describe(recordOf(9, { signInId: 'a' })) })
        expect(core.vault.token).toBeDefined()
        core.send({ type: 'signOut.requested' })
        expect(core.vault.token).toBeUndefined()
        core.send({ type: 'signOut.stored', generation: 10 })
        for (const next of steps.filter(({ kind }) => kind !== 'signIn' && kind !== 'absent')) {
          for (const event of eventsOf({ ...next, generation: next.generation + 20, signInId: 'a' }, core)) {
            core.send(event)
          }
          expect(core.vault.token).toBeUndefined()
          expect(core.vault.freshUntil).toBe(0)
        }
      }),
    )
  })

  /** The real session, whose effects do nothing: its chart goes where it is sent. */
  function openCore() {
    const clock = createSimulatedClock({ now: recordTime })
    const grant = { needsRefreshToken: true, identity: {}, refresh: () => Promise.reject(new Error('not asked')) }
    const runtime = { clock, random: () => 0 }
    const core = new SessionCore(resolveOptions({ key: 'k', store: memoryStore(), grant, runtime }))
    provideEffects(core.actor.system, {
      readRecord: () => {},
      refresh: () => () => {},
      signOut: () => {},
      followRecord: () => {},
    })
    core.start()
    return core
  }

  function eventsOf(next: { kind: string; generation: number; signInId: string }, core: SessionCore): SessionEvent[] {
    const now = recordTime
    const describe = (described: SessionRecord) => core.vault.describe(described)
    const record = recordOf(next.generation, { signInId: next.signInId })
    const { secrets, ...erased } = record
    const end = { reason: 'grantRejected', endedAt: now } as const
    switch (next.kind) {
      case 'signedIn':
        return [{ type: 'record.signedIn', token: describe(record) }]
      case 'adopted':
        return [{ type: 'tokens.adopted', token: describe(record) }]
      case 'ended':
        return [{ type: 'record.ended', end, token: describe(record) }]
      case 'erased':
        return [{ type: 'record.ended', end, token: describe(erased) }]
      case 'tombstone':
        return [{ type: 'record.signedOut', generation: next.generation }]
      case 'signIn':
        return [{ type: 'signIn.stored', token: describe(record) }]
      case 'refresh':
        return [{ type: 'refresh.requested', now }]
      case 'fail':
        return [
          {
            type: 'refresh.failed',
            code: 'server',
            now,
            retryAt: now,
            serverAsked: false,
            refusedWithoutReason: false,
          },
        ]
      case 'signOut':
        return [{ type: 'signOut.requested' }, { type: 'signOut.stored', generation: next.generation + 10 }]
      case 'absent':
        return [{ type: 'record.absent', now }]
      default:
        return [
          {
            type: 'request.ended',
            outcome: 'rejected',
            generation: next.generation,
            origin: 'https://api.example',
            status: 401,
            now,
          },
        ]
    }
  }
})
