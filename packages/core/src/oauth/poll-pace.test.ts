import { describe, expect, it } from 'vitest'
import type { TokenEndpointFailure } from '../token/grant.ts'
import { initialPace, judgePoll, type PollPace } from './poll-pace.ts'

const second = 1_000
const now = 1_700_000_000_000
const pace = initialPace(5)

function answer(status: number, error?: unknown, more: { retryAfter?: string } = {}): TokenEndpointFailure {
  const body = error === undefined ? {} : { body: { error } as Record<string, unknown> }
  return { kind: 'answer', status, complete: true, ...body, ...more }
}

function next(failure: TokenEndpointFailure, before: PollPace = pace): PollPace {
  const verdict = judgePoll(failure, before, now)
  if (verdict.kind !== 'wait') throw new Error(`It is ${verdict.kind}`)
  return verdict.pace
}

const cut: TokenEndpointFailure = { kind: 'transport', sent: 'unknown', code: 'ECONNRESET' }

describe('the pace of a device that asks', () => {
  it('begins with the interval of the server, and keeps to it while somebody has not agreed', () => {
    expect(pace.delayMilliseconds).toBe(5 * second)
    expect(next(answer(400, 'authorization_pending'))).toEqual(pace)
  })

  it('becomes slower by 5 s with each slow_down, for good', () => {
    const slower = next(answer(400, 'slow_down'))
    expect(slower.delayMilliseconds).toBe(10 * second)
    expect(next(answer(400, 'slow_down'), slower).delayMilliseconds).toBe(15 * second)
    expect(next(answer(400, 'authorization_pending'), slower).delayMilliseconds).toBe(10 * second)
    // Whatever status it comes with.
    expect(next(answer(429, 'slow_down')).intervalMilliseconds).toBe(10 * second)
  })

  it.each<[string, TokenEndpointFailure]>([
    ['a cut connection', cut],
    ['a refused one', { kind: 'transport', sent: 'no', code: 'ECONNREFUSED' }],
    ['a device without a network', { kind: 'offline' }],
    ['metadata that cannot be had', { kind: 'unavailable', code: 'server', sent: 'no' }],
    ['a 429', answer(429)],
    ['a 503', answer(503)],
    ['a 500 that says invalid_grant', answer(500, 'invalid_grant')],
    ['a page of a firewall', answer(403)],
    ['a page of a captive portal', answer(200)],
    ['an object as error', answer(400, { code: 'access_denied' })],
    ['temporarily_unavailable', answer(400, 'temporarily_unavailable')],
    ['half an answer', { kind: 'answer', status: 400, complete: false, body: { error: 'access_denied' } }],
  ])('doubles with %s, up to a minute, until the server speaks again', (_name, failure) => {
    const delays: number[] = []
    let current = pace
    for (let count = 0; count < 5; count += 1) {
      current = next(failure, current)
      delays.push(current.delayMilliseconds / second)
    }
    expect(delays).toEqual([10, 20, 40, 60, 60])
    expect(next(answer(400, 'authorization_pending'), current).delayMilliseconds).toBe(5 * second)
  })

  it('is never faster than the server wants, though a minute is longer than the longest pause', () => {
    expect(next(cut, initialPace(90)).delayMilliseconds).toBe(90 * second)
  })

  it('heeds Retry-After wherever it comes, where it is longer', () => {
    expect(next(answer(503, undefined, { retryAfter: '120' })).delayMilliseconds).toBe(120 * second)
    expect(next(answer(400, 'authorization_pending', { retryAfter: '30' })).delayMilliseconds).toBe(30 * second)
    expect(next(answer(503, undefined, { retryAfter: '1' })).delayMilliseconds).toBe(10 * second)
  })

  it('ends with expired_token', () => {
    expect(judgePoll(answer(400, 'expired_token'), pace, now)).toEqual({ kind: 'expired' })
  })

  it.each(['access_denied', 'invalid_grant', 'invalid_client', 'unsupported_grant_type', 'made_up'])(
    'ends with %s',
    (error) => {
      expect(judgePoll(answer(400, error), pace, now)).toEqual({ kind: 'failed' })
    },
  )
})
