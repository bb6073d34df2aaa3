import { inspect } from 'node:util'
import { describe, expect, it } from 'vitest'
import type { EndReason, TransientCode } from './codes.ts'
import { ConfigurationError, isConfigurationError } from './configuration-error.ts'
import { isNotSignedInError, NotSignedInError } from './not-signed-in-error.ts'
import { isRefreshRejectedError, RefreshRejectedError } from './refresh-rejected-error.ts'
import { isRefreshUnavailableError, RefreshUnavailableError } from './refresh-unavailable-error.ts'
import { isSessionDisposedError, SessionDisposedError } from './session-disposed-error.ts'
import { isSessionEndedError, SessionEndedError } from './session-ended-error.ts'
import { isSessionError, type SessionError } from './session-error.ts'
import { isSignInError, SignInError } from './sign-in-error.ts'
import { isStoreError, StoreError } from './store-error.ts'

interface Row {
  readonly error: SessionError
  readonly guard: (error: unknown) => boolean
  readonly code: string
  readonly retryable: boolean
  readonly message: string
}

const signInHint = 'run "acme login"'
const rows: readonly Row[] = [
  {
    error: new ConfigurationError('key', 'must be a string.'),
    guard: isConfigurationError,
    code: 'invalidOption',
    retryable: false,
    message: 'The option `key` must be a string.',
  },
  {
    error: new NotSignedInError({ signInHint }),
    guard: isNotSignedInError,
    code: 'notSignedIn',
    retryable: false,
    message: 'Not signed in; run "acme login".',
  },
  {
    error: new RefreshRejectedError({ serverCode: 'gone' }),
    guard: isRefreshRejectedError,
    code: 'refreshRejected',
    retryable: false,
    message: 'The refresh token was refused; sign in again.',
  },
  {
    error: new RefreshUnavailableError({ code: 'throttled', retryAt: 0 }),
    guard: isRefreshUnavailableError,
    code: 'throttled',
    retryable: true,
    message:
      'No usable access token just now: the authorization server wants fewer requests; next try at 1970-01-01T00:00:00.000Z.',
  },
  {
    error: new SessionDisposedError(),
    guard: isSessionDisposedError,
    code: 'disposed',
    retryable: false,
    message: 'The session object was closed; create a new one to go on.',
  },
  {
    error: new SessionEndedError({ reason: 'recordRemoved', endedAt: 5, signInHint }),
    guard: isSessionEndedError,
    code: 'sessionEnded',
    retryable: false,
    message: 'The session has ended: its record was removed from the store; run "acme login".',
  },
  {
    error: new SignInError('unusableTokens', 'No tokens.'),
    guard: isSignInError,
    code: 'unusableTokens',
    retryable: false,
    message: 'No tokens.',
  },
  {
    error: new StoreError('storeLocked', 'Locked.'),
    guard: isStoreError,
    code: 'storeLocked',
    retryable: true,
    message: 'Locked.',
  },
]

describe.each(rows)('$error.name', ({ error, guard, code, retryable, message }) => {
  it('says what happened and what to do, with a code and whether trying again can help', () => {
    expect(error).toMatchObject({ code, retryable, message })
    expect(error.stack).toContain(error.name)
  })

  it('is a session error, known by its own guard and by no other', () => {
    expect(error).toBeInstanceOf(Error)
    expect(isSessionError(error)).toBe(true)
    expect(rows.filter((row) => row.guard(error)).map((row) => row.guard)).toEqual([guard])
  })

  it('is told apart from a foreign error of the same name', () => {
    const foreign = Object.assign(new Error(message), { name: error.name, code })
    for (const value of [foreign, { ...error, name: error.name }, undefined, null, error.name]) {
      expect(guard(value)).toBe(false)
      expect(isSessionError(value)).toBe(false)
    }
  })

  it('shows no brand when it is logged', () => {
    expect(inspect(error)).not.toContain('authchart.SessionError')
    expect(JSON.stringify(error)).not.toContain('authchart.SessionError')
  })
})

it('an error of another copy of the library is recognized', () => {
  const copy = new Error('The session has ended')
  Object.defineProperty(copy, Symbol.for('authchart.SessionError'), { value: true })
  copy.name = 'SessionEndedError'
  expect(isSessionEndedError(copy)).toBe(true)
})

it('has the given cause', () => {
  const cause = new Error('why')
  expect(new StoreError('storeUnavailable', 'Down.', { cause }).cause).toBe(cause)
  expect(new StoreError('storeUnavailable', 'Down.')).not.toHaveProperty('cause')
})

describe('SessionEndedError', () => {
  const reasons: Record<EndReason, true> = {
    grantRejected: true,
    requestRejected: true,
    clientRejected: true,
    rotationLost: true,
    noRefreshToken: true,
    identityMismatch: true,
    recordRemoved: true,
    unreachable: true,
  }

  it('has a sentence of its own for each reason', () => {
    const messages = Object.keys(reasons).map(
      (reason) => new SessionEndedError({ reason: reason as EndReason, endedAt: 0 }).message,
    )
    expect(new Set(messages).size).toBe(messages.length)
    for (const message of messages) expect(message).toMatch(/^The session has ended: \w.*; sign in again\.$/)
  })

  it('carries the reason, the time, the code of the server and the call to action, without absent members', () => {
    const end = { reason: 'grantRejected', endedAt: 5, serverCode: 'invalid_grant', signInHint } as const
    expect(new SessionEndedError(end)).toMatchObject(end)
    const bare = new SessionEndedError({ reason: 'grantRejected', endedAt: 5, serverCode: undefined })
    expect(bare.serverCode).toBeUndefined()
    expect(bare.signInHint).toBeUndefined()
  })
})

describe('RefreshUnavailableError', () => {
  const codes: Record<TransientCode, true> = {
    network: true,
    offline: true,
    timeout: true,
    server: true,
    throttled: true,
    blocked: true,
    refused: true,
    unknownOutcome: true,
    leaseTimeout: true,
    storeUnavailable: true,
    storeLocked: true,
    tokenUnusable: true,
  }

  it('has a sentence of its own for each code', () => {
    const messages = Object.keys(codes).map(
      (code) => new RefreshUnavailableError({ code: code as TransientCode }).message,
    )
    expect(new Set(messages).size).toBe(messages.length)
    for (const message of messages)
      expect(message).toMatch(/^No usable access token just now: \w.*; try again later\.$/)
  })

  it('says when to try again, even if that is not a time', () => {
    expect(new RefreshUnavailableError({ retryAt: 1000 })).toMatchObject({ code: 'server', retryAt: 1000 })
    expect(new RefreshUnavailableError({ retryAt: Number.NaN }).message).toContain('next try at NaN')
    expect(new RefreshUnavailableError()).not.toHaveProperty('retryAt')
  })
})

describe('RefreshUnavailableError of a server that refuses', () => {
  it('quotes it, and says that the sign-in may be over', () => {
    const failure = { code: 'refused', serverWords: 'session_gone', mayBeOver: true } as const
    const error = new RefreshUnavailableError(failure)
    expect(error.message).toBe(
      'No usable access token just now: the authorization server refused, but did not say that the sign-in is over (it said "session_gone"); the sign-in may be over; try again later.',
    )
    expect(error.serverWords).toBe('session_gone')
    expect(new RefreshUnavailableError({ code: 'refused' })).not.toHaveProperty('serverWords')
  })
})

describe('SignInError', () => {
  it('carries the code of the server, without absent members', () => {
    expect(new SignInError('refused', 'No.', { serverCode: 'access_denied' })).toMatchObject({
      serverCode: 'access_denied',
      retryable: false,
    })
    expect(new SignInError('refused', 'No.')).not.toHaveProperty('serverCode')
    expect(new SignInError('refused', 'No.', { serverCode: 'x' })).not.toHaveProperty('cause')
  })

  it('can be tried again only if nothing else has to change first', () => {
    expect(new SignInError('unavailable', 'No answer.').retryable).toBe(true)
    expect(new SignInError('expired', 'Too late.').retryable).toBe(false)
  })
})

describe('StoreError', () => {
  it.each([
    ['storeUnavailable', true],
    ['storeLocked', true],
    ['recordUnreadable', false],
    ['storeMissing', false],
  ] as const)('%s: trying again can help: %s', (code, retryable) => {
    expect(new StoreError(code, 'no').retryable).toBe(retryable)
  })
})
