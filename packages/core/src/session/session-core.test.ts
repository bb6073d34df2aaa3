import { describe, expect, it } from 'vitest'
import { createRecord, createTokenSet, recordTime } from '../../../../test/support/session-records.ts'
import { StoreError } from '../errors/store-error.ts'
import { writeRecord } from '../refresh/store-access.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { SessionRecord } from '../store/session-record.ts'
import type { SessionStore } from '../store/session-store.ts'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import type { Grant } from '../token/grant.ts'
import { accept as acceptToken, addressOf, pausedUntil, reject as rejectToken } from './rejected-tokens.ts'
import { SessionCore } from './session-core.ts'
import type { SessionEvent } from './session-events.ts'
import type { SessionNotice } from './session-notice.ts'
import { resolveOptions, type SessionOptions } from './session-options.ts'
import { provideEffects } from './session-setup.ts'

const origin = 'https://api.example'
const files = 'https://files.example'

/** The real session, whose effects do nothing: its chart goes where it is sent. */
function open({ store = memoryStore(), ...changes }: Partial<SessionOptions> & { grant?: Grant } = {}) {
  const clock = createSimulatedClock({ now: recordTime })
  const grant = { needsRefreshToken: true, identity: {}, refresh: () => Promise.reject(new Error('not asked')) }
  const runtime = { clock, random: () => 0 }
  const core = new SessionCore(resolveOptions({ key: 'k', store, grant, runtime, ...changes }))
  const followed = { times: 0 }
  provideEffects(core.actor.system, {
    readRecord: () => {},
    refresh: () => () => {},
    signOut: () => {},
    followRecord: () => {
      followed.times += 1
    },
  })
  const events: string[] = []
  const notices: SessionNotice[] = []
  const { send } = core
  core.send = (event: SessionEvent) => {
    events.push(event.type === 'request.ended' ? event.outcome : event.type)
    send.call(core, event)
  }
  core.start()
  const signIn = (record: SessionRecord = createRecord()) =>
    core.send({ type: 'record.signedIn', token: core.vault.describe(record) })
  return {
    core,
    clock,
    events,
    notices,
    followed,
    signIn,
    /** The events since the last time this was asked. */
    take: () => events.splice(0),
    listen: () => core.listeners.on('*', (notice: never) => void notices.push(notice)),
  }
}

function recordOf(generation: number, changes: Partial<SessionRecord> = {}): SessionRecord {
  return createRecord({
    generation,
    secrets: { tokenSet: createTokenSet({ accessToken: `a-${generation}` }) },
    ...changes,
  })
}

describe('a rejection', () => {
  const reject = (core: SessionCore, at: string, generation = 5) =>
    rejectToken(core, { origin: at, address: `${at}/orders`, generation, status: 401 })

  it('of the token that is held is told to the chart once, however many requests it met', () => {
    const { core, signIn, take } = open()
    signIn()
    take()
    for (let request = 0; request < 100; request += 1) expect(reject(core, origin)).toBe('noted')
    expect(take()).toEqual(['rejected'])
    // One more for each origin that makes it: the token is withheld from those.
    expect(reject(core, files)).toBe('noted')
    expect(take()).toEqual(['rejected'])
    expect(core.context.rejected?.origins).toEqual([origin, files])
  })

  it('of a token that was replaced meanwhile says nothing: many servers revoke one when it is replaced', () => {
    const { core, signIn, take } = open()
    signIn(recordOf(6))
    take()
    expect(reject(core, origin, 5)).toBe('stale')
    expect(take()).toEqual([])
    expect(reject(core, origin, 6)).toBe('noted')
    expect(take()).toEqual(['rejected'])
    expect(core.context.rejected?.rejection).toMatchObject({ olderRejected: 0 })
  })

  it('P2 of the next token by the same origin is told as such, and by another is not', () => {
    const { core, signIn, take } = open()
    signIn()
    reject(core, origin)
    signIn(recordOf(6))
    take()
    expect(reject(core, files, 6)).toBe('noted')
    expect(reject(core, origin, 6)).toBe('noted')
    expect(take()).toEqual(['rejected', 'rejectedAfterRefresh'])
  })

  it('P2 by an origin that pauses costs the chart nothing, until the pause is over', async () => {
    const { core, clock, signIn, take } = open()
    const rejections = { [origin]: { generation: 5, count: 1, pausedUntil: recordTime + 10_000 } }
    signIn(createRecord({ rejections }))
    take()
    expect(reject(core, origin)).toBe('paused')
    expect(pausedUntil(core, origin)).toBe(recordTime + 10_000)
    expect(core.snapshot.rejectedBy).toEqual([origin])
    expect(reject(core, files)).toBe('noted')
    expect(take()).toEqual(['rejected'])
    await clock.advance(10_000)
    expect(pausedUntil(core, origin)).toBeUndefined()
    expect(reject(core, origin)).toBe('noted')
  })

  it('lists an origin as pausing until the pause is over, wherever that was heard of, and no longer', async () => {
    const { core, clock, signIn } = open()
    signIn()
    const rejections = { [origin]: { generation: 5, count: 1, pausedUntil: recordTime + 10_000 } }
    signIn(createRecord({ rejections, revision: 'theirs' }))
    await clock.advance(9_999)
    expect(core.snapshot.rejectedBy).toEqual([origin])
    await clock.advance(1)
    expect(core.snapshot.rejectedBy).toBeUndefined()
  })

  it('lists an origin as pausing until its run has ended, and no longer', () => {
    const { core, signIn } = open()
    signIn()
    reject(core, origin)
    const rejections = { [origin]: { generation: 5, count: 1, pausedUntil: recordTime + 10_000 } }
    signIn(recordOf(6, { rejections }))
    reject(core, files, 6)
    expect(core.snapshot.rejectedBy).toEqual([origin])
    acceptToken(core, { origin, generation: 6, status: 200 }, () => ({ url: `${origin}/orders` }))
    expect(core.snapshot.rejectedBy).toBeUndefined()
  })

  it('by an address that accepted the same token is told, whatever pauses', () => {
    const { core, signIn, take } = open()
    const rejections = { [origin]: { generation: 5, count: 1, pausedUntil: recordTime + 10_000 } }
    signIn(createRecord({ rejections }))
    acceptToken(core, { origin, generation: 5, status: 200 }, () => ({ url: `${origin}/orders?page=2#top` }))
    take()
    expect(reject(core, origin)).toBe('noted')
    expect(core.context.rejected?.rejection).toMatchObject({ acceptedBefore: true })
    expect(take()).toEqual(['rejected'])
  })
})

describe('an acceptance', () => {
  const accept = (core: SessionCore, at = origin, path = '/orders') =>
    acceptToken(core, { origin: at, generation: 5, status: 200 }, () => ({ url: `${at}${path}` }))

  it('of a fresh token tells the chart nothing', () => {
    const { core, signIn, take } = open()
    signIn()
    take()
    for (let request = 0; request < 100; request += 1) accept(core)
    expect(take()).toEqual([])
  })

  it('is told once, where it ends a run of others', () => {
    const { core, signIn, take } = open()
    signIn()
    core.noteOutcome({ outcome: 'networkFailed', origin, generation: 5 })
    take()
    accept(core)
    accept(core)
    expect(take()).toEqual(['accepted'])
    core.noteOutcome({ outcome: 'stepUpRequired', origin: files, generation: 5 })
    take()
    accept(core)
    expect(take()).toEqual([])
  })

  it('by the address that rejected before ends the run of its origin', () => {
    const { core, signIn } = open()
    signIn()
    rejectToken(core, { origin, address: `${origin}/orders`, generation: 5 })
    signIn(recordOf(6))
    acceptToken(core, { origin, generation: 6, status: 200 }, () => ({ url: `${origin}/users` }))
    expect([...core.endedRuns]).toEqual([])
    acceptToken(core, { origin, generation: 6, status: 200 }, () => ({ url: `${origin}/orders?page=1` }))
    expect([...core.endedRuns]).toEqual([[origin, 5]])
  })
})

it.each([
  ['https://api.example/orders', 'https://api.example/orders'],
  ['https://api.example/orders?page=2', 'https://api.example/orders'],
  ['https://api.example/orders#top', 'https://api.example/orders'],
  ['https://api.example/orders#top?no', 'https://api.example/orders'],
])('the address of %s is %s', (url, address) => {
  expect(addressOf(url)).toBe(address)
})

describe('a store without hints', () => {
  function openUnwatched(changes: Partial<SessionStore> = {}) {
    const watch = { hint: () => {}, lose: () => {} }
    const store: SessionStore = {
      ...memoryStore(),
      watch(_key, listener, onLost) {
        watch.hint = listener
        watch.lose = () => onLost?.(new StoreError('storeUnavailable', 'No hints.'))
        return () => {}
      },
      ...changes,
    }
    return { ...open({ store }), watch }
  }
  const looks = (events: string[]) => events.filter((type) => type === 'store.changed').length

  it('is said once, and looked at every 5 s while anything listens', async () => {
    const { clock, events, listen, notices, watch } = openUnwatched()
    watch.lose()
    watch.lose()
    await clock.advance(20_000)
    expect(looks(events)).toBe(0)
    const stop = listen()
    await clock.advance(20_000)
    expect(looks(events)).toBe(4)
    stop()
    await clock.advance(20_000)
    expect(looks(events)).toBe(4)
    expect(notices).toEqual([])
  })

  it('says so to those who listen, and again when hints are lost again', async () => {
    const { clock, events, listen, notices, watch } = openUnwatched({ suggestedLookMilliseconds: 1_000 })
    listen()
    watch.lose()
    watch.lose()
    await clock.advance(1_000)
    expect(looks(events)).toBe(1)
    watch.hint()
    expect(looks(events)).toBe(2)
    await clock.advance(10_000)
    expect(looks(events)).toBe(2)
    watch.lose()
    expect(notices).toEqual([{ type: 'storeUnwatched' }, { type: 'storeUnwatched' }])
  })

  it('where watching throws, is looked at as well', async () => {
    const store: SessionStore = {
      ...memoryStore(),
      watch: () => {
        throw new Error('no inotify')
      },
    }
    const { clock, events, listen } = open({ store })
    listen()
    await clock.advance(10_000)
    expect(looks(events)).toBe(2)
  })

  it('is not looked at by a session that was left', async () => {
    const { clock, core, events, listen, watch } = openUnwatched()
    listen()
    watch.lose()
    core.leave('departure')
    watch.lose()
    await clock.advance(20_000)
    expect(looks(events)).toBe(0)
    core.leave('stopped')
    expect(clock.timers).toBe(0)
  })
})

describe('a hint that names the revision', () => {
  function openHinted(write: SessionStore['compareAndSet']) {
    const inner = memoryStore()
    const hints = { at: (_revision?: string) => {} }
    const store: SessionStore = {
      ...inner,
      compareAndSet: write,
      watch(_key, listener) {
        hints.at = listener
        return () => {}
      },
    }
    return { ...open({ store }), hints }
  }
  const record = createRecord({ revision: 'mine' })

  it('which this session has written is not followed, and any other is', async () => {
    const { core, take, hints } = openHinted(async () => {
      hints.at('mine')
      return true
    })
    await writeRecord(core, undefined, record)
    hints.at('mine')
    expect(take()).toEqual([])
    hints.at('theirs')
    hints.at()
    // A store that went back in time.
    hints.at('mine')
    expect(take()).toEqual(['store.changed', 'store.changed', 'store.changed'])
  })

  it('which it has written is followed where the store said that it had not been', async () => {
    const { core, take, hints } = openHinted(() => Promise.reject(new StoreError('storeUnavailable', 'Too late.')))
    await writeRecord(core, undefined, record)
    hints.at('mine')
    expect(take()).toEqual(['store.changed'])
  })
})

describe('tokens that cannot be revoked', () => {
  const tokenSet = createTokenSet()

  it('are said each time, but once where the server has no revocation endpoint', async () => {
    const errors: unknown[] = [
      new Error('503'),
      new Error('503'),
      { code: 'noRevocationEndpoint' },
      { code: 'noRevocationEndpoint' },
    ]
    const revoke = () => Promise.reject(errors.shift())
    const grant = { needsRefreshToken: true, identity: {}, refresh: () => Promise.reject(new Error('no')), revoke }
    const { core, listen, notices } = open({ grant })
    listen()
    for (let count = 0; count < 4; count += 1) await core.revoke(tokenSet)
    expect(notices).toEqual([
      { type: 'revocationFailed', code: undefined },
      { type: 'revocationFailed', code: undefined },
      { type: 'revocationFailed', code: 'noRevocationEndpoint' },
    ])
  })

  it('are given up after 10 s', async () => {
    const revoke = () => new Promise<never>(() => {})
    const grant = { needsRefreshToken: true, identity: {}, refresh: () => Promise.reject(new Error('no')), revoke }
    const { core, clock, listen, notices } = open({ grant })
    listen()
    const revoked = core.revoke(tokenSet)
    await clock.advance(9_999)
    expect(notices).toEqual([])
    await clock.advance(1)
    await revoked
    expect(notices).toHaveLength(1)
  })
})

it('tells since when the device has said that it has no network', async () => {
  let isOnline = true
  const clock = createSimulatedClock({ now: recordTime })
  const environment = { isOnline: () => isOnline, subscribe: () => () => {} }
  const { core } = open({ runtime: { clock, environment } })
  expect(core.offlineSince).toBeUndefined()
  isOnline = false
  expect(core.offlineSince).toBe(recordTime)
  await clock.advance(5_000)
  expect(core.offlineSince).toBe(recordTime)
  isOnline = true
  expect(core.offlineSince).toBeUndefined()
  isOnline = false
  expect(core.offlineSince).toBe(recordTime + 5_000)
})
