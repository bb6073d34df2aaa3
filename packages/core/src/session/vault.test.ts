import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createActor } from 'xstate'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { sessionMachine } from './session-chart.ts'
import { provideEffects } from './session-effects.ts'
import type { SessionEvent } from './session-events.ts'
import { createVault } from './vault.ts'

const hour = 3_600_000

function openVault(needsRefreshToken = true) {
  return createVault({ random: () => 0, needsRefreshToken, now: () => 0 })
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
    const vault = openVault()
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0, highestGeneration: 0 })
    expect(vault.judge(0)).toBe('unusable')
  })

  it('describes a record without its tokens, and holds nothing for that', () => {
    const vault = openVault()
    const facts = vault.describe(recordOf(5))
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
    const vault = openVault()
    const facts = vault.describe(recordOf(5))
    vault.hold(facts)
    expect(vault.token).toMatchObject({ generation: 5, value: 'access-5' })
    expect(await vault.resolvedToken).toBe(vault.token)
    expect(vault.facts).toBe(facts)
    vault.hold({ ...facts })
    expect(vault.token).toBeUndefined()
  })

  it('remembers the highest generation it has heard of, whatever is held', () => {
    const vault = openVault()
    vault.hold(vault.describe(recordOf(9)))
    vault.describe(recordOf(5))
    vault.clear()
    expect(vault.highestGeneration).toBe(9)
  })

  it('forgets its tokens, not which they were', () => {
    const vault = openVault()
    vault.hold(vault.describe(recordOf(5)))
    vault.clear()
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0 })
    expect(vault.facts).toMatchObject({ generation: 5, signInId: 'sign-in-1', held: false, refreshable: false })
  })

  it('holds no token with the description of a record that has none', () => {
    const vault = openVault()
    vault.hold(vault.describe(recordOf(5)))
    const { secrets, ...erased } = recordOf(5)
    const facts = vault.describe({ ...erased, status: 'ended' })
    expect(facts).toMatchObject({ generation: 5, held: false })
    vault.hold(facts)
    expect(vault.token).toBeUndefined()
    expect(vault.freshUntil).toBe(0)
  })

  it('decides once when a set is due, however often it is read', () => {
    let random = 0
    const vault = createVault({ random: () => random, needsRefreshToken: true, now: () => 0 })
    const facts = vault.describe(createRecord())
    vault.hold(facts)
    random = 1
    const again = vault.describe(withoutMember('refreshToken'))
    expect(again).toEqual({ ...facts, refreshable: false })
  })

  it('P63 proves with one and the same key for as long as a sign-in lasts, and with none of another', async () => {
    const asked: unknown[] = []
    const dpop = {
      async createProof({ proofKey }: { proofKey: unknown }) {
        asked.push(proofKey)
        return 'proof'
      },
    }
    const vault = createVault({ random: () => 0, needsRefreshToken: true, now: () => 0, dpop: dpop as never })
    const tokenSet = createTokenSet({ tokenType: 'DPoP' })
    const prove = async (record: SessionRecord) => {
      vault.hold(vault.describe(record))
      await vault.token?.createProof?.({ method: 'GET', url: 'https://a.example' })
    }
    const key = { kty: 'EC', d: 'key' }
    await prove(createRecord({ generation: 1, signInId: 'a', secrets: { tokenSet, proofKey: key } }))
    await prove(createRecord({ generation: 2, signInId: 'a', secrets: { tokenSet, proofKey: { ...key } } }))
    await prove(createRecord({ generation: 3, signInId: 'b', secrets: { tokenSet, proofKey: { ...key, d: 'next' } } }))
    vault.clear()
    await prove(createRecord({ generation: 4, signInId: 'b', secrets: { tokenSet } }))
    await prove(createRecord({ generation: 5, signInId: 'c', secrets: { tokenSet } }))
    expect(asked).toEqual([key, key, { ...key, d: 'next' }, undefined, undefined])
    expect(asked[1]).toBe(asked[0])
  })

  it('can refresh without a refresh token where the grant needs none', () => {
    expect(openVault(true).describe(withoutMember('refreshToken')).refreshable).toBe(false)
    expect(openVault(false).describe(withoutMember('refreshToken')).refreshable).toBe(true)
  })

  it('takes an empty refresh token for none', () => {
    const record = createRecord({ secrets: { tokenSet: createTokenSet({ refreshToken: '' }) } })
    expect(openVault(true).describe(record).refreshable).toBe(false)
  })

  it('tells when to try again where the set was expired on arrival', () => {
    const tokenSet = createTokenSet({ expiresAt: recordTime })
    const facts = openVault().describe(createRecord({ secrets: { tokenSet }, backoffUntil: recordTime + 500 }))
    expect(facts.retryAt).toBe(recordTime + 500)
    expect(openVault().describe(createRecord({ backoffUntil: recordTime + 500 }))).not.toHaveProperty('retryAt')
  })
})

describe('the judgement of the vault', () => {
  function openWith(record: SessionRecord) {
    const vault = openVault()
    vault.hold(vault.describe(record))
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

  it('is unusable once the token is withheld, though it is read again, and good with the next one', () => {
    const vault = openWith(recordOf(5))
    vault.withhold(5)
    expect(vault.judge(recordTime)).toBe('unusable')
    vault.hold(vault.describe(recordOf(5)))
    expect(vault.freshUntil).toBe(0)
    expect(vault.judge(recordTime)).toBe('unusable')
    vault.hold(vault.describe(recordOf(6)))
    expect(vault.judge(recordTime)).toBe('fresh')
  })

  it('heeds no withholding of another generation', () => {
    const vault = openWith(recordOf(5))
    vault.withhold(4)
    expect(vault.judge(recordTime)).toBe('fresh')
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

  it('holds what the chart has taken, nothing once nobody is signed in, and never goes back', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
        const { actor, vault } = openChart()
        let highest = 0
        for (const next of steps) {
          for (const event of eventsOf(next, vault)) actor.send(event)
          const { value, context } = actor.getSnapshot()
          const isSignedIn = typeof value === 'object' && 'signedIn' in value
          expect(vault.token?.generation).toBe(isSignedIn && context.token.held ? context.token.generation : undefined)
          // Where the record is gone, or somebody signs in here, nothing is older any more.
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
        const { actor, vault } = openChart()
        actor.send({ type: 'signIn.stored', token: vault.describe(recordOf(9, { signInId: 'a' })) })
        actor.send({ type: 'signOut.requested' })
        actor.send({ type: 'signOut.stored', generation: 10 })
        for (const next of steps.filter(({ kind }) => kind !== 'signIn' && kind !== 'absent')) {
          for (const event of eventsOf({ ...next, generation: next.generation + 20, signInId: 'a' }, vault))
            actor.send(event)
          expect(vault.token).toBeUndefined()
        }
      }),
    )
  })

  function openChart() {
    const vault = openVault()
    const clock = createSimulatedClock({ now: recordTime })
    const actor = createActor(sessionMachine, { clock, input: { key: 'k', refreshTiming: 'onUse', online: true } })
    provideEffects(actor.system, {
      readClock: (answer) => answer({ type: 'clock.read', now: recordTime }),
      readRecord: () => {},
      refresh: () => () => {},
      signOut: () => {},
      followRecord: () => {},
      holdTokens: vault.hold,
      withholdToken: vault.withhold,
      forgetTokens: vault.clear,
    })
    actor.start()
    return { actor, vault }
  }

  function eventsOf(
    next: { kind: string; generation: number; signInId: string },
    vault: ReturnType<typeof openVault>,
  ): SessionEvent[] {
    const now = recordTime
    const record = recordOf(next.generation, { signInId: next.signInId })
    const { secrets, ...erased } = record
    const end = { reason: 'grantRejected', endedAt: now } as const
    switch (next.kind) {
      case 'signedIn':
        return [{ type: 'record.signedIn', token: vault.describe(record) }]
      case 'adopted':
        return [{ type: 'tokens.adopted', token: vault.describe(record) }]
      case 'ended':
        return [{ type: 'record.ended', end, token: vault.describe(record) }]
      case 'erased':
        return [{ type: 'record.ended', end, token: vault.describe(erased) }]
      case 'tombstone':
        return [{ type: 'record.signedOut', generation: next.generation }]
      case 'signIn':
        return [{ type: 'signIn.stored', token: vault.describe(record) }]
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
          { type: 'token.rejected', generation: next.generation, origin: 'https://api.example', status: 401, now },
        ]
    }
  }
})
