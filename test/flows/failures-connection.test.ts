import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { isRefreshUnavailableError } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { type AuthorizationServer, startAuthorizationServer } from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type HeldPort, holdPort } from '../authorization-server/held-port.ts'
import { createDevice } from '../support/device.ts'
import { eventually } from '../support/eventually.ts'
import { certificate, expiredCertificate, key } from '../support/loopback-certificates.ts'
import { collectNotices, typesOf } from '../support/notices.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'
import { readRecord } from '../support/stored-session.ts'
import { createTroubledStore, type TroubledStore } from '../support/troubled-store.ts'

let server: AuthorizationServer
const listeners: net.Server[] = []
const heldPorts: HeldPort[] = []

beforeAll(async () => {
  server = await startAuthorizationServer({ lifetimes: { accessToken: 3600 } })
})
beforeEach(() => server.resetCounts())
afterEach(async () => {
  server.faults.clear()
  // Whoever hung up has left a request behind.
  await server.until((counts) => counts.open === 0, { description: 'the requests to end' })
  for (const held of heldPorts.splice(0)) held[Symbol.dispose]()
  await Promise.all(listeners.splice(0).map((listener) => new Promise((resolve) => listener.close(resolve))))
})
afterAll(() => server.close())

/** Lets a server listen for the length of a test; its port. */
async function listen(listener: net.Server): Promise<number> {
  listeners.push(listener.listen(0, '127.0.0.1'))
  await once(listener, 'listening')
  return (listener.address() as net.AddressInfo).port
}

/** A port on which nobody listens for the length of a test. */
async function closedPort(): Promise<number> {
  const held = await holdPort()
  heldPorts.push(held)
  return held.port
}

function secureAt(port: number): string {
  return `https://127.0.0.1:${port}/token`
}

/** A session whose tokens came from the server, and whose token endpoint is somewhere else. */
function openWithEndpoint(tokenEndpoint: string, store: TroubledStore) {
  const { issuer, publicClient } = server
  const metadata = { issuer, token_endpoint: tokenEndpoint }
  return openSignedInSession(server, { store, grant: refreshTokenGrant({ metadata, clientId: publicClient.id }) })
}

describe('P30 a request that was surely not sent', () => {
  test.each<[name: string, findEndpoint: () => Promise<string>]>([
    // Too long for a name: nobody is asked, however slow the name servers are.
    ['the name is not known (DNS)', async () => `https://${'a'.repeat(64)}.invalid/token`],
    ['the connection is refused', async () => `http://127.0.0.1:${await closedPort()}/token`],
    [
      'the certificate is signed by itself',
      async () => secureAt(await listen(tls.createServer({ key, cert: certificate }))),
    ],
    [
      'the certificate has expired',
      async () => secureAt(await listen(tls.createServer({ key, cert: expiredCertificate }))),
    ],
    [
      'the far side speaks no TLS',
      async () => secureAt(await listen(http.createServer((_request, response) => response.end()))),
    ],
    [
      'the TLS handshake is cut',
      async () => secureAt(await listen(net.createServer((socket) => socket.once('data', () => socket.end())))),
    ],
  ])('P30 %s: network, no replay, and no doubt about the refresh token', async (_name, findEndpoint) => {
    const store = createTroubledStore()
    await using session = await openWithEndpoint(await findEndpoint(), store)
    const before = await readRecord(store)
    const notices = collectNotices(session)
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isRefreshUnavailableError(error) && error.code === 'network',
    )
    expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'network', usable: true })
    expect(notices).toMatchObject([{ type: 'refreshFailed', code: 'network' }])
    const record = await readRecord(store)
    expect(record).toMatchObject({
      status: 'signedIn',
      failure: { code: 'network', count: 1 },
      secrets: before.secrets,
    })
    expect(record.refreshIntent).toBeUndefined()
    expect(record.serverCooldownUntil).toBeUndefined()
  })

  test('P30 the device is offline: nothing is sent, and nothing written', async () => {
    const store = createTroubledStore()
    const device = createDevice()
    await using session = await openSignedInSession(server, { store, runtime: { environment: device.environment } })
    const before = await readRecord(store)
    const notices = collectNotices(session)
    device.tell('offline')
    await expect(session.refresh()).rejects.toSatisfy(
      (error) => isRefreshUnavailableError(error) && error.code === 'offline',
    )
    expect(session.getSnapshot()).toMatchObject({ status: 'transientFailure', code: 'offline', usable: true })
    expect(notices).toMatchObject([{ type: 'refreshFailed', code: 'offline' }])
    expect(server.counts.refreshes).toBe(0)
    expect(await readRecord(store)).toEqual(before)
  })
})

describe('P30 a request that stays without an answer', () => {
  test('P30 costs callers 10 s and is open for 60 s, twice, and the doubt stays', async () => {
    const clock = createSimulatedClock()
    const store = createTroubledStore()
    await using session = await openSignedInSession(server, { runtime: { clock, random: () => 0 }, store })
    const before = await readRecord(store)
    const notices = collectNotices(session)
    server.faults.hold()
    let error: unknown
    const refresh = session.refresh().catch((thrown: unknown) => {
      error = thrown
    })
    const startedAt = clock.now()
    const passUntil = (milliseconds: number) => clock.advance(startedAt + milliseconds - clock.now())

    await server.until((counts) => counts.refreshes === 1, { description: 'the request to arrive' })
    await passUntil(9_999)
    expect(error).toBeUndefined()
    await passUntil(10_000)
    await refresh
    expect(error).toSatisfy((thrown) => isRefreshUnavailableError(thrown) && thrown.code === 'timeout')
    await passUntil(59_999)
    expect(session.getSnapshot()).toMatchObject({ status: 'refreshing', usable: true })

    // The request has been given up; its one replay follows after a second.
    await passUntil(60_000)
    await passUntil(60_999)
    expect(server.counts.refreshes).toBe(1)
    await passUntil(61_000)
    await server.until((counts) => counts.refreshes === 2, { description: 'the replay to arrive' })
    await passUntil(120_999)
    expect(session.getSnapshot().status).toBe('refreshing')
    await passUntil(121_000)
    await eventually(() => session.getSnapshot().status === 'transientFailure', { description: 'the failure' })

    expect(session.getSnapshot()).toMatchObject({ code: 'unknownOutcome', usable: true })
    expect(typesOf(notices)).toEqual(['refreshFailed'])
    const record = await readRecord(store)
    expect(record).toMatchObject({ status: 'signedIn', secrets: before.secrets })
    expect(record.refreshIntent).toMatchObject({ generation: before.generation, outcomeUnknown: true })
    expect(server.counts.refreshes).toBe(2)
  })

  test('P30 an answer after 59 s is taken', async () => {
    const clock = createSimulatedClock()
    await using session = await openSignedInSession(server, { runtime: { clock } })
    const before = session.getSnapshot().generation
    const gate = server.faults.hold({ times: 1 })
    const refresh = session.refresh().catch(() => {})
    await server.until((counts) => counts.refreshes === 1, { description: 'the request to arrive' })
    await clock.advance(59_000)
    await refresh
    gate.release()
    await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the new tokens' })
    expect(session.getSnapshot().generation).toBeGreaterThan(before)
    expect(server.counts).toMatchObject({ refreshes: 1, replays: 0, reuseDetected: 0 })
  })

  test('P30 a caller who leaves says nothing about the session', async () => {
    await using session = await openSignedInSession(server)
    const notices = collectNotices(session)
    const caller = new AbortController()
    const gate = server.faults.hold({ times: 1 })
    const refresh = session.refresh({ signal: caller.signal })
    await server.until((counts) => counts.refreshes === 1, { description: 'the request to arrive' })
    const reason = new Error('gone for lunch')
    caller.abort(reason)
    await expect(refresh).rejects.toBe(reason)
    expect(session.getSnapshot().status).toBe('refreshing')
    gate.release()
    await eventually(() => session.getSnapshot().status === 'fresh', { description: 'the new tokens' })
    expect(typesOf(notices)).toEqual(['refreshed'])
  })
})
