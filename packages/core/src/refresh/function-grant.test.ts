import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import { RefreshRejectedError } from '../errors/refresh-rejected-error.ts'
import { RefreshUnavailableError } from '../errors/refresh-unavailable-error.ts'
import type { RefreshFunction } from '../token/grant.ts'
import { FunctionGrant } from './function-grant.ts'

function call(refresh: RefreshFunction, signal: AbortSignal = new AbortController().signal) {
  return new FunctionGrant(refresh).refresh({ refreshToken: 'refresh-1', signal, now: () => 1000 })
}

it('hands the refresh token and the signal to the function and its token set on', async () => {
  const { signal } = new AbortController()
  const requests: unknown[] = []
  const outcome = await call(async (request) => {
    requests.push(request)
    return { accessToken: 'access-2', expiresIn: 60 }
  }, signal)
  expect(requests).toEqual([{ refreshToken: 'refresh-1', signal }])
  expect(outcome).toEqual({ kind: 'issued', tokenSet: { accessToken: 'access-2', expiresIn: 60 }, receivedAt: 1000 })
})

it('is called without a refresh token too, since the API may keep its own in a cookie', async () => {
  const grant = new FunctionGrant(async ({ refreshToken }) => ({ accessToken: `had ${refreshToken}` }))
  expect(grant.needsRefreshToken).toBe(false)
  expect(await grant.refresh({ signal: new AbortController().signal, now: Date.now })).toMatchObject({
    tokenSet: { accessToken: 'had undefined' },
  })
})

it('tells whose id token came, as the function vouches for it', async () => {
  const claims = Buffer.from('{"iss":"https://login.example","sub":"alice"}').toString('base64url')
  expect(await call(async () => ({ accessToken: 'access-2', idToken: `e30.${claims}.s` }))).toMatchObject({
    idToken: { valid: true, issuer: 'https://login.example', subject: 'alice' },
  })
  expect(await call(async () => ({ accessToken: 'access-2', idToken: 'opaque' }))).toMatchObject({ idToken: undefined })
})

describe('what a function throws', () => {
  it('RefreshRejectedError is a refusal', async () => {
    const outcome = await call(async () => {
      throw new RefreshRejectedError({ serverCode: 'SESSION_GONE' })
    })
    expect(outcome).toEqual({ kind: 'failed', failure: { kind: 'rejected', serverCode: 'SESSION_GONE' } })
  })

  it('RefreshUnavailableError is a clear answer that passes', async () => {
    const outcome = await call(async () => {
      throw new RefreshUnavailableError({ code: 'throttled', retryAt: 5000 })
    })
    expect(outcome).toEqual({ kind: 'failed', failure: { kind: 'unavailable', code: 'throttled', retryAt: 5000 } })
  })

  it('a connection that could not be made was surely not used', async () => {
    const cause = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
    const outcome = await call(async () => {
      throw new TypeError('fetch failed', { cause })
    })
    expect(outcome).toEqual({ kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'ECONNREFUSED' } })
  })

  it.each([
    [
      'any other error',
      () => {
        throw new Error('HTTP 500 canary-token')
      },
    ],
    [
      'a text, at once',
      () => {
        throw 'canary-token'
      },
    ],
    ['a bug', () => (undefined as unknown as { token: string }).token],
  ])('%s leaves the outcome unknown and nothing of it goes on', async (_name, fail) => {
    const outcome = await call(fail as unknown as RefreshFunction)
    expect(outcome).toMatchObject({ kind: 'failed', failure: { kind: 'transport', sent: 'unknown' } })
    expect(inspect(outcome, { depth: 10, showHidden: true })).not.toContain('canary')
  })
})

it.each([undefined, null, 'canary', {}, { accessToken: '' }, { accessToken: 7 }])(
  'leaves the outcome unknown when the function returns no token set: %j',
  async (value) => {
    const outcome = await call((async () => value) as unknown as RefreshFunction)
    expect(outcome).toEqual({ kind: 'failed', failure: { kind: 'transport', sent: 'unknown', code: 'unusableTokens' } })
  },
)

it('waits no longer than its signal for a function that does not heed it', async () => {
  const controller = new AbortController()
  const outcome = call(() => new Promise(() => controller.abort()), controller.signal)
  expect(await outcome).toEqual({ kind: 'failed', failure: { kind: 'transport', sent: 'unknown', code: 'timeout' } })
})

it('does not call the function when the signal has aborted', async () => {
  let calls = 0
  const outcome = await call(async () => {
    calls += 1
    return { accessToken: 'access-2' }
  }, AbortSignal.abort())
  expect(outcome).toEqual({ kind: 'failed', failure: { kind: 'transport', sent: 'no', code: 'timeout' } })
  expect(calls).toBe(0)
})
