import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import type { SessionRecord } from '../store/session-record.ts'
import { createVault } from './vault.ts'

const hour = 3_600_000

function openVault(needsRefreshToken = true) {
  return createVault({ random: () => 0, needsRefreshToken })
}

function recordOf(generation: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  const tokenSet = createTokenSet({ accessToken: `access-${generation}` })
  return createRecord({ generation, highestReservedGeneration: generation, secrets: { tokenSet }, ...changes })
}

describe('the vault', () => {
  it('holds nothing at first', () => {
    const vault = openVault()
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0, highestGeneration: 0 })
    expect(vault.judge(0)).toBe('unusable')
  })

  it('holds the token of a record and tells its facts without it', async () => {
    const vault = openVault()
    const facts = vault.take(recordOf(5))
    expect(vault.token).toMatchObject({ generation: 5, value: 'access-5' })
    expect(await vault.resolvedToken).toBe(vault.token)
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
  })

  it('never goes to a lower generation, whatever comes in whatever order', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }), (generations) => {
        const vault = openVault()
        let highest = 0
        for (const generation of generations) {
          const facts = vault.take(recordOf(generation))
          highest = Math.max(highest, generation)
          expect(facts.generation).toBe(highest)
          expect(vault.token?.value).toBe(`access-${highest}`)
          expect(vault.highestGeneration).toBe(highest)
        }
      }),
    )
  })

  it('takes nothing again of a sign-in that was closed, however new', () => {
    const vault = openVault()
    vault.take(recordOf(5))
    vault.close('sign-in-1')
    expect(vault.token).toBeUndefined()
    expect(vault.take(recordOf(9)).held).toBe(false)
    expect(vault.token).toBeUndefined()
    expect(vault.take(recordOf(9, { signInId: 'sign-in-2' })).held).toBe(true)
  })

  it('keeps the token of another sign-in than the one that is closed', () => {
    const vault = openVault()
    vault.take(recordOf(5, { signInId: 'sign-in-2' }))
    vault.close('sign-in-1')
    expect(vault.token?.generation).toBe(5)
  })

  it('forgets its tokens, not how high it has been', () => {
    const vault = openVault()
    vault.take(recordOf(5))
    vault.clear()
    expect(vault).toMatchObject({ token: undefined, resolvedToken: undefined, freshUntil: 0, highestGeneration: 5 })
    expect(vault.facts).toMatchObject({ generation: 5, signInId: 'sign-in-1', held: false, refreshable: false })
    expect(vault.take(recordOf(4)).held).toBe(false)
  })

  it('forgets its token with a record that has none', () => {
    const vault = openVault()
    vault.take(recordOf(5))
    const { secrets, ...erased } = recordOf(5)
    expect(vault.take({ ...erased, status: 'ended' })).toMatchObject({ generation: 5, held: false })
    expect(vault.token).toBeUndefined()
  })

  it('keeps the very token, and when it is due, with the same set again', () => {
    let random = 0
    const vault = createVault({ random: () => random, needsRefreshToken: true })
    const { refreshDueAt } = vault.take(recordOf(5))
    const { token } = vault
    random = 1
    const withoutRefreshToken = recordOf(5).secrets?.tokenSet
    delete (withoutRefreshToken as { refreshToken?: string }).refreshToken
    const facts = vault.take(recordOf(5, { secrets: { tokenSet: withoutRefreshToken as never } }))
    expect(facts).toMatchObject({ refreshable: false, refreshDueAt })
    expect(vault.token).toBe(token)
  })

  it('can refresh without a refresh token where the grant needs none', () => {
    const tokenSet = createTokenSet()
    delete (tokenSet as { refreshToken?: string }).refreshToken
    expect(openVault(true).take(createRecord({ secrets: { tokenSet } })).refreshable).toBe(false)
    expect(openVault(false).take(createRecord({ secrets: { tokenSet } })).refreshable).toBe(true)
  })

  it('tells when to try again where the set was expired on arrival', () => {
    const tokenSet = createTokenSet({ expiresAt: recordTime })
    const facts = openVault().take(createRecord({ secrets: { tokenSet }, backoffUntil: recordTime + 500 }))
    expect(facts.retryAt).toBe(recordTime + 500)
    expect(openVault().take(createRecord({ backoffUntil: recordTime + 500 }))).not.toHaveProperty('retryAt')
  })
})

describe('the judgement of the vault', () => {
  it.each([
    { at: -1, expected: 'fresh', when: '1 ms before it arrived' },
    { at: 45 * 60_000 - 1, expected: 'fresh', when: '1 ms before it is due' },
    { at: 45 * 60_000, expected: 'expiring', when: 'when it is due' },
    { at: hour - 1, expected: 'expiring', when: '1 ms before it expires' },
    { at: hour, expected: 'unusable', when: 'at exactly its expiry' },
    { at: 48 * hour, expected: 'unusable', when: 'P29 two days later' },
  ])('is $expected $when', ({ at, expected }) => {
    const vault = openVault()
    vault.take(recordOf(5))
    expect(vault.judge(recordTime + at)).toBe(expected)
    expect(recordTime + at < vault.freshUntil).toBe(expected === 'fresh')
  })

  it('P26 is fresh for ever without an expiry', () => {
    const vault = openVault()
    const tokenSet = createTokenSet()
    delete (tokenSet as { expiresAt?: number }).expiresAt
    vault.take(createRecord({ secrets: { tokenSet } }))
    expect(vault.freshUntil).toBe(Number.POSITIVE_INFINITY)
    expect(vault.judge(8.64e15)).toBe('fresh')
  })

  it('is unusable once the token is withheld, and good again with the next one', () => {
    const vault = openVault()
    vault.take(recordOf(5))
    vault.withhold(5)
    expect(vault.freshUntil).toBe(0)
    expect(vault.judge(recordTime)).toBe('unusable')
    vault.take(recordOf(5))
    expect(vault.judge(recordTime)).toBe('unusable')
    vault.take(recordOf(6))
    expect(vault.judge(recordTime)).toBe('fresh')
  })

  it('heeds no withholding of another generation', () => {
    const vault = openVault()
    vault.take(recordOf(5))
    vault.withhold(4)
    expect(vault.judge(recordTime)).toBe('fresh')
  })
})
