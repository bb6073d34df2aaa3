import { afterEach, describe, expect, it, vi } from 'vitest'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import { codeMeanings, reasonMeanings } from '../errors/codes.ts'
import { createFetch } from '../fetch.ts'
import type { SessionNotice } from '../session/session-notice.ts'
import type { SessionStatus } from '../session/session-snapshot.ts'
import { createFakeSession, type FakeSession, type FakeSessionOptions } from './fake-session.ts'

const open: FakeSession[] = []
async function openFake(options?: FakeSessionOptions): Promise<FakeSession> {
  const session = await createFakeSession(options)
  open.push(session)
  return session
}
afterEach(async () => {
  for (const session of open.splice(0)) {
    session.release()
    await session.close()
  }
})

const statuses: Record<SessionStatus, { signedIn: boolean; usable: boolean }> = {
  restoring: { signedIn: false, usable: false },
  signedOut: { signedIn: false, usable: false },
  signingOut: { signedIn: false, usable: false },
  fresh: { signedIn: true, usable: true },
  expiring: { signedIn: true, usable: true },
  expired: { signedIn: true, usable: false },
  rejected: { signedIn: true, usable: false },
  refreshing: { signedIn: true, usable: true },
  transientFailure: { signedIn: true, usable: true },
  invalidated: { signedIn: false, usable: true },
}

describe('a fake session', () => {
  it.each(Object.keys(statuses) as SessionStatus[])('K1 begins as `%s` where that is asked for', async (status) => {
    const session = await openFake({ status })
    expect(session.getSnapshot()).toMatchObject({ status, ...statuses[status] })
  })

  it.each(Object.keys(reasonMeanings) as EndReason[])('K1 ends as `%s`, and says so once', async (reason) => {
    const session = await openFake()
    const notices: SessionNotice[] = []
    session.on('ended', (notice) => notices.push(notice))
    expect(await session.end(reason, { serverCode: 'gone' })).toMatchObject({ signedIn: false, reason })
    expect(notices).toMatchObject([{ reason, serverCode: 'gone' }])
    await session.expire()
    await expect(session.getAccessToken()).rejects.toMatchObject({ name: 'SessionEndedError', reason })
    expect(notices).toHaveLength(1)
  })

  it.each(Object.keys(codeMeanings) as TransientCode[])('K1 fails as `%s`, and recovers', async (code) => {
    const session = await openFake()
    expect(await session.fail(code)).toMatchObject({ status: 'transientFailure', code, usable: true })
    const { generation } = session.getSnapshot()
    expect(await session.recover()).toMatchObject({ status: 'fresh', code: undefined })
    expect(session.getSnapshot().generation).toBeGreaterThan(generation)
  })

  it('refreshes an expired token when it is next asked for, as any session does', async () => {
    const session = await openFake({ expiresIn: 60 })
    const { value } = await session.getAccessToken()
    const { status, expiresAt } = await session.expire()
    expect(status).toBe('expired')
    expect(expiresAt).toBeLessThanOrEqual(Date.now())
    expect((await session.getAccessToken()).value).not.toBe(value)
  })

  it('can be mended by a refresh after those ends that keep the refresh token', async () => {
    const session = await openFake()
    await session.end('clientRejected')
    await session.refresh()
    expect(session.getSnapshot()).toMatchObject({ signedIn: true, reason: undefined })
    await session.end('grantRejected')
    await expect(session.refresh()).rejects.toMatchObject({ name: 'SessionEndedError' })
  })

  it('says who the user is, and after another sign-in too', async () => {
    const session = await openFake({ claims: { sub: 'alice', name: 'Ålice' }, details: { shop: 'a' } })
    expect([session.claims, session.details]).toEqual([{ sub: 'alice', name: 'Ålice' }, { shop: 'a' }])
    await session.end('grantRejected')
    expect(await session.signInAgain()).toMatchObject({ status: 'fresh' })
  })

  it('K1 answers nothing while it is held, however long, and all of it after', async () => {
    vi.useFakeTimers()
    try {
      const session = await openFake({ status: 'restoring', maximumWaitMilliseconds: 20 })
      const token = session.getAccessToken()
      const rested = vi.fn()
      void token.then(rested, rested)
      await vi.advanceTimersByTimeAsync(60_000)
      expect(rested).not.toHaveBeenCalled()
      void session.signInAgain()
      session.release()
      await expect(token).resolves.toMatchObject({ type: 'Bearer' })
    } finally {
      vi.useRealTimers()
    }
  })

  it('K1 works with the fake timers of a test runner', async () => {
    vi.useFakeTimers()
    try {
      const session = await openFake()
      await session.expire()
      await session.fail('network')
      await session.recover()
      expect(session.getSnapshot().status).toBe('fresh')
    } finally {
      vi.useRealTimers()
    }
  })

  it('is a session to the doors of the library', async () => {
    const session = await openFake({ allowedOrigins: ['https://api.acme.example'] })
    const seen: (string | null)[] = []
    const authorized = createFetch(session, {
      fetch: async (...request) => {
        seen.push(new Request(...request).headers.get('authorization'))
        return new Response(null, { status: seen.length === 1 ? 401 : 200 })
      },
    })
    expect((await authorized('https://api.acme.example/orders')).status).toBe(200)
    expect(seen).toEqual(['Bearer fake-access-token-1', 'Bearer fake-access-token-2'])
  })

  it('begins signed out where it is released from `restoring` without a sign-in', async () => {
    const session = await openFake({ status: 'restoring' })
    session.release()
    expect(await session.ready).toMatchObject({ status: 'signedOut' })
  })

  it('says what is missing where there is no sign-in to act on', async () => {
    const session = await openFake({ status: 'signedOut' })
    for (const call of [session.expire(), session.end('grantRejected'), session.fail('network')]) {
      await expect(call).rejects.toThrow('signInAgain')
    }
  })

  it('ends in the midst of a refresh', async () => {
    const session = await openFake({ status: 'refreshing' })
    const ended = session.end('grantRejected')
    session.release()
    expect(await ended).toMatchObject({ signedIn: false, reason: 'grantRejected' })
  })

  it('refuses options that are malformed or unknown', async () => {
    await expect(createFakeSession({ allowedOrigins: ['*'] })).rejects.toThrow(/allowedOrigins/)
    await expect(createFakeSession({ stauts: 'fresh' } as never)).rejects.toThrow(
      /`stauts` is not known; expected one of: status, claims, details, expiresIn, key, allowedOrigins/,
    )
    await expect(createFakeSession({ status: 'ended' } as never)).rejects.toThrow(/`status` must be one of: restoring/)
    await expect(createFakeSession({ claims: 'alice' } as never)).rejects.toThrow(/`claims` must be an object/)
  })

  it('refuses a reason and a code that are not known, rather than wait for them', async () => {
    const session = await openFake()
    await expect(session.end('revoked' as never)).rejects.toThrow(/`reason` must be one of: .*grantRejected/)
    await expect(session.fail('down' as never)).rejects.toThrow(/`code` must be one of: .*network/)
    expect(session.getSnapshot().status).toBe('fresh')
  })
})
