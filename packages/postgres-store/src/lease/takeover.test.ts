import { describe, expect, it } from 'vitest'
import { mayTakeOver, seeGone } from './takeover.ts'

const lent = { holder: 'one', until: '17.5', hasPresence: true, isGone: true }

describe('a lease counts as seen gone', () => {
  it('from the first look on that found it so', () => {
    const first = seeGone(undefined, lent, 100)
    expect(seeGone(seeGone(first, lent, 1_100), lent, 2_100)).toEqual({
      holder: 'one',
      until: '17.5',
      since: 100,
      last: 2_100,
    })
  })

  it.each([
    ['its time has changed', { ...lent, until: '18.5' }],
    ['its holder has changed', { ...lent, holder: 'two' }],
  ])('from anew when %s', (_what, changed) => {
    expect(seeGone(seeGone(undefined, lent, 100), changed, 1_100)).toMatchObject({ since: 1_100 })
  })

  it('from anew after a silence in which anything may have happened', () => {
    const before = seeGone(undefined, lent, 100)
    expect(seeGone(before, lent, 3_100)).toMatchObject({ since: 100 })
    expect(seeGone(before, lent, 3_101)).toMatchObject({ since: 3_101 })
  })

  it('not at all while its holder is there, or once it was given back', () => {
    const before = seeGone(undefined, lent, 100)
    expect(seeGone(before, { ...lent, isGone: false }, 200)).toBeUndefined()
    expect(seeGone(before, undefined, 200)).toBeUndefined()
  })
})

describe('a lease that is seen gone may be taken over', () => {
  const gone = { holder: 'one', until: '17.5', since: 0, last: 0 }
  const calm = { hasPresence: true, serverAgeMilliseconds: 1e9, inTouch: 0, sinceTrouble: 1e9 }
  it.each([
    ['with presence, a moment before it has settled', { ...calm, now: 2_999 }, false],
    ['with presence, once it has settled', { ...calm, now: 3_000 }, true],
    ['with presence, soon after the server was started', { ...calm, now: 3_000, serverAgeMilliseconds: 14_999 }, false],
    ['with presence, soon after a statement failed', { ...calm, now: 3_000, sinceTrouble: 14_999 }, false],
    ['a row alone, a moment before it has settled', { ...calm, hasPresence: false, now: 5_999, inTouch: 1e9 }, false],
    ['a row alone, once it has settled', { ...calm, hasPresence: false, now: 6_000, inTouch: 15_000 }, true],
    [
      'a row alone, before the database has answered for long enough',
      { ...calm, hasPresence: false, now: 6_000, inTouch: 14_999 },
      false,
    ],
  ])('%s', (_when, facts, expected) => {
    expect(mayTakeOver(gone, facts)).toBe(expected)
  })
})
