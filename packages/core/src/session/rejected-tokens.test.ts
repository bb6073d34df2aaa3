import { describe, expect, it } from 'vitest'
import { RejectionLog } from './rejected-tokens.ts'

const origin = 'https://api.example'
const orders = `${origin}/orders`
const users = `${origin}/users`

describe('a rejection', () => {
  it('is the first of its origin', () => {
    const log = new RejectionLog()
    expect(log.isOpen(origin)).toBe(false)
    expect(log.noteRejected(origin, orders, 5)).toEqual({
      origin,
      acceptedBefore: false,
      olderRejected: 0,
      endedGeneration: 0,
    })
    expect(log.isOpen(origin)).toBe(true)
  })

  it('knows the last older token that its origin rejected, at whatever address', () => {
    const log = new RejectionLog()
    log.noteRejected(origin, orders, 3)
    log.noteRejected(origin, orders, 4)
    expect(log.noteRejected(origin, users, 5).olderRejected).toBe(4)
    expect(log.noteRejected(origin, users, 5).olderRejected).toBe(4)
    expect(log.noteRejected(origin, orders, 5).olderRejected).toBe(4)
  })

  it('of one token at a hundred addresses is not evidence against a second', () => {
    const log = new RejectionLog()
    for (let index = 0; index < 100; index += 1) {
      expect(log.noteRejected(origin, `${origin}/${index}`, 5).olderRejected).toBe(0)
    }
  })

  it('knows nothing of other origins', () => {
    const log = new RejectionLog()
    log.noteRejected('https://files.example', 'https://files.example/a', 4)
    expect(log.noteRejected(origin, orders, 5).olderRejected).toBe(0)
    expect(log.isOpen('https://other.example')).toBe(false)
  })

  it('knows that the same address accepted the same token before', () => {
    const log = new RejectionLog()
    log.noteAccepted(origin, orders, 5)
    expect(log.noteRejected(origin, users, 5).acceptedBefore).toBe(false)
    expect(log.noteRejected(origin, orders, 5).acceptedBefore).toBe(true)
    expect(log.noteRejected(origin, orders, 6).acceptedBefore).toBe(false)
  })
})

describe('a run of rejections', () => {
  it('ends with an acceptance by an address that rejected', () => {
    const log = new RejectionLog()
    log.noteRejected(origin, orders, 4)
    log.noteAccepted(origin, orders, 5)
    expect(log.isOpen(origin)).toBe(false)
    expect([...log.endedRuns]).toEqual([[origin, 4]])
    expect(log.noteRejected(origin, users, 5)).toMatchObject({ olderRejected: 0, endedGeneration: 4 })
  })

  it('does not end with an acceptance by an address that never rejected', () => {
    const log = new RejectionLog()
    log.noteRejected(origin, orders, 4)
    log.noteAccepted(origin, users, 5)
    expect(log.isOpen(origin)).toBe(true)
    expect(log.endedRuns.size).toBe(0)
    expect(log.noteRejected(origin, orders, 5)).toMatchObject({ olderRejected: 4, endedGeneration: 0 })
  })

  it('does not end with a late acceptance of an older token', () => {
    const log = new RejectionLog()
    log.noteRejected(origin, orders, 5)
    log.noteAccepted(origin, orders, 4)
    expect(log.isOpen(origin)).toBe(true)
    expect(log.endedRuns.size).toBe(0)
  })

  it('is followed by another with the next rejection', () => {
    const log = new RejectionLog()
    log.noteRejected(origin, orders, 4)
    log.noteAccepted(origin, orders, 5)
    expect(log.noteRejected(origin, users, 5).olderRejected).toBe(0)
    expect(log.noteRejected(origin, users, 6)).toMatchObject({ olderRejected: 5, endedGeneration: 4 })
  })

  it('is not begun by an expiry, nor ended once a newer token is accepted there', () => {
    const log = new RejectionLog()
    log.noteAccepted(origin, orders, 4)
    expect(log.noteRejected(origin, orders, 4)).toMatchObject({ acceptedBefore: true })
    expect(log.isOpen(origin)).toBe(false)
    log.noteRejected(origin, users, 5)
    log.noteAccepted(origin, orders, 5)
    expect(log.isOpen(origin)).toBe(true)
    expect(log.noteRejected(origin, users, 6).olderRejected).toBe(5)
  })
})

it('remembers 256 addresses, and forgets the one first that it has not seen for longest', () => {
  const log = new RejectionLog()
  for (let index = 0; index < 256; index += 1) log.noteAccepted(origin, `${origin}/${index}`, 5)
  log.noteAccepted(origin, `${origin}/0`, 5)
  log.noteAccepted(origin, `${origin}/256`, 5)
  expect(log.noteRejected(origin, `${origin}/0`, 5).acceptedBefore).toBe(true)
  expect(log.noteRejected(origin, `${origin}/1`, 5).acceptedBefore).toBe(false)
  expect(log.noteRejected(origin, `${origin}/2`, 5).acceptedBefore).toBe(true)
  expect(log.noteRejected(origin, `${origin}/256`, 5).acceptedBefore).toBe(true)
})
