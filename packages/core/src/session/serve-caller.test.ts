import { describe, expect, it } from 'vitest'
import { StoreError } from '../errors/store-error.ts'
import { type CallerView, decideForCaller } from './serve-caller.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

const now = 1_000_000
const usable = { token: 'fresh', lastsLongEnough: true } as const
const tooShort = { token: 'fresh', lastsLongEnough: false } as const
const expiring = { token: 'expiring', lastsLongEnough: true } as const
const unusable = { token: 'unusable', lastsLongEnough: false } as const

type ViewChanges = Partial<Omit<CallerView, 'snapshot'>> & { snapshot?: Partial<SessionSnapshot> }

function decide({ snapshot, ...changes }: ViewChanges) {
  return decideForCaller({
    snapshot: { status: 'fresh', usable: true, generation: 5, online: true, ...snapshot },
    now,
    ...usable,
    refreshable: true,
    prompts: 0,
    unstored: false,
    signInHint: 'run "acme login"',
    storeError: undefined,
    ...changes,
  })
}

type Row = [situation: string, view: ViewChanges, expected: object]

const serve = { kind: 'serve' }
const serveAndPrompt = { kind: 'serveAndPrompt' }
const prompt = { kind: 'prompt' }
const wait = { kind: 'wait' }

function fail(error: object) {
  return { kind: 'fail', error }
}

function checkRows(rows: Row[]) {
  it.each(rows)('%s', (_situation, view, expected) => {
    expect(decide(view)).toMatchObject(expected)
  })
}

describe('with nothing going on, a caller', () => {
  checkRows([
    ['is served a fresh token', usable, serve],
    ['is served an expiring token, which is refreshed meanwhile', expiring, serveAndPrompt],
    ['is served an expiring token as it is when nothing can refresh it', { ...expiring, refreshable: false }, serve],
    ['waits for a refresh when the token does not last long enough', tooShort, prompt],
    ['is served what there is when nothing lasts longer', { ...tooShort, refreshable: false }, serve],
    ['is served what the refresh brought, though it does not last longer', { ...tooShort, prompts: 1 }, serve],
    ['is served an expiring token after a refresh without asking again', { ...expiring, prompts: 1 }, serve],
    ['waits for a refresh when the token is unusable', unusable, prompt],
    ['causes the end to be found out where there is no refresh token', { ...unusable, refreshable: false }, prompt],
    ['asks again when what came is unusable, as an adopted token can be', { ...unusable, prompts: 1 }, prompt],
    ['asks three times at most', { ...unusable, prompts: 2 }, prompt],
    ['fails when three times brought nothing usable', { ...unusable, prompts: 3 }, fail({ code: 'tokenUnusable' })],
  ])
})

describe('while the store is read, a caller', () => {
  const failing: Partial<SessionSnapshot> = { status: 'restoring', code: 'storeLocked', retryAt: now + 1 }
  checkRows([
    ['waits', { ...unusable, snapshot: { status: 'restoring' } }, wait],
    [
      'fails when it cannot be read, until 1 ms before the retry',
      { ...unusable, snapshot: failing },
      fail({ code: 'storeLocked', retryAt: now + 1 }),
    ],
    [
      'has it read again at exactly the time of the retry',
      { ...unusable, snapshot: { ...failing, retryAt: now } },
      prompt,
    ],
    [
      'fails when that did not help',
      { ...unusable, prompts: 1, snapshot: { ...failing, retryAt: now } },
      fail({ code: 'storeLocked' }),
    ],
  ])

  it('learns why from the cause', () => {
    const storeError = new StoreError('recordUnreadable', 'no session')
    expect(decide({ ...unusable, snapshot: failing, storeError })).toMatchObject({ error: { cause: storeError } })
  })
})

describe('while a refresh runs, a caller', () => {
  const snapshot = { status: 'refreshing' } as const
  checkRows([
    ['is served a token that is still good', { ...usable, snapshot }, serve],
    ['is served an expiring token', { ...expiring, snapshot }, serve],
    ['waits when the token does not last long enough', { ...tooShort, snapshot }, wait],
    ['waits when the token is unusable', { ...unusable, snapshot }, wait],
    ['P47 is served a token that could not be stored yet', { ...usable, unstored: true, snapshot }, serve],
    [
      'is served it too when it does not last long enough: no other can come',
      { ...tooShort, unstored: true, snapshot },
      serve,
    ],
    [
      'fails when that has expired and the store is still down',
      { ...unusable, unstored: true, snapshot },
      fail({ code: 'storeUnavailable' }),
    ],
  ])
})

describe('while refreshing fails, a caller', () => {
  const notDue: Partial<SessionSnapshot> = { status: 'transientFailure', code: 'server', retryAt: now + 1 }
  const due = { ...notDue, retryAt: now }
  checkRows([
    ['P31 is served a token that is still good', { ...usable, snapshot: notDue }, serve],
    ['is served an expiring token without a try before its time', { ...expiring, snapshot: notDue }, serve],
    [
      'is served an expiring token, and a try is made at exactly its time',
      { ...expiring, snapshot: due },
      serveAndPrompt,
    ],
    ['waits for the try that is due when the token does not last long enough', { ...tooShort, snapshot: due }, prompt],
    ['is served what there is when that failed', { ...tooShort, prompts: 1, snapshot: due }, serve],
    [
      'P36 fails without waiting 1 ms before the next try, with its time',
      { ...unusable, snapshot: notDue },
      fail({ name: 'RefreshUnavailableError', code: 'server', retryAt: now + 1 }),
    ],
    ['waits for the try that is due when the token is unusable', { ...unusable, snapshot: due }, prompt],
    ['fails when that failed', { ...unusable, prompts: 1, snapshot: due }, fail({ code: 'server' })],
  ])
})

describe('at an end, a caller', () => {
  const snapshot = { status: 'invalidated', reason: 'grantRejected', endedAt: 5, serverCode: 'invalid_grant' } as const
  checkRows([
    ['is served what is left of the token', { ...usable, snapshot }, serve],
    ['is served an expiring token without another try', { ...expiring, snapshot }, serve],
    [
      'P39 fails with the reason, the time and what to do',
      { ...unusable, snapshot },
      fail({
        name: 'SessionEndedError',
        reason: 'grantRejected',
        endedAt: 5,
        serverCode: 'invalid_grant',
        signInHint: 'run "acme login"',
      }),
    ],
    [
      'P44 fails where nobody is signed in',
      { ...usable, snapshot: { status: 'signedOut' } },
      fail({ name: 'NotSignedInError', signInHint: 'run "acme login"' }),
    ],
    [
      'P44 fails while signing out, whatever the token',
      { ...usable, snapshot: { status: 'signingOut' } },
      fail({ name: 'NotSignedInError' }),
    ],
  ])
})
