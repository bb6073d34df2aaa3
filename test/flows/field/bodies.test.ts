import type { RequestListener } from 'node:http'
import { brotliCompressSync, constants } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { doors } from '../http/doors.ts'
import { readEcho, startFixture } from '../http/fixture.ts'
import { type Gateway, type GatewayOptions, startGateway } from './gateway.ts'

const text = (value: string) => new TextEncoder().encode(value)

/** A body, and what its caller does to it as soon as the call is made. */
const reused: [name: string, make: () => { body: BodyInit; change(): unknown }][] = [
  ['a buffer that is filled anew', () => reuse(text('AAAA'), (body) => body.set(text('BBBB')))],
  [
    'a buffer that is transferred',
    () => reuse(text('AAAA'), ({ buffer }) => structuredClone(buffer, { transfer: [buffer] })),
  ],
  ['an ArrayBuffer', () => reuse(text('AAAA').buffer, (body) => new Uint8Array(body).fill(66))],
  ['a part of a buffer', () => reuse(text('xxAAAAxx').subarray(2, 6), (body) => body.fill(66))],
  ['a DataView', () => reuse(new DataView(text('AAAA').buffer), (body) => body.setUint8(0, 66))],
  ['URLSearchParams', () => reuse(new URLSearchParams('page=AAAA'), (body) => body.set('page', 'BBBB'))],
  ['a form', () => reuse(formOf('AAAA'), (body) => body.set('page', 'BBBB'))],
]

function reuse<Body extends BodyInit>(body: Body, change: (body: Body) => unknown) {
  return { body, change: () => change(body) }
}

function formOf(page: string): FormData {
  const form = new FormData()
  form.set('page', page)
  return form
}

describe.each(doors)('through $name', ({ open }) => {
  test.each(reused)('P84 %s is sent as it was, though a refresh was awaited first', async (_name, make) => {
    await using fixture = await startFixture()
    const { api, server, session } = fixture
    const gate = server.faults.hold()
    fixture.advance(2 * 3_600_000)
    const { body, change } = make()
    const response = open(session)(api.origin, { method: 'POST', body })
    await gate.arrived()
    change()
    gate.release()
    const sent = Buffer.from((await readEcho(await response)).body ?? '', 'base64').toString()
    expect(sent).toContain('AAAA')
    expect(sent).not.toContain('B')
  })

  test.each(reused)('P84 %s is sent again as it was, after a rejection', async (_name, make) => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    api.faults.revokePresentedToken()
    const { body, change } = make()
    const response = open(session)(api.origin, { method: 'POST', body })
    change()
    const sent = Buffer.from((await readEcho(await response)).body ?? '', 'base64').toString()
    expect(sent).toContain('AAAA')
    expect(sent).not.toContain('B')
    expect(api.counts.total).toBe(2)
  })
})

type Reject = (response: Parameters<RequestListener>[1]) => unknown

/** A gateway whose API rejects the first token, with a body. */
function startRejecting(reject: Reject, options?: GatewayOptions): Promise<Gateway> {
  return startGateway((request, response) => {
    if (request.headers.authorization === 'Bearer access-0') reject(response)
    else response.end('ok')
  }, options)
}

const dispatcherSymbol = Symbol.for('undici.globalDispatcher.1')
const globals = globalThis as unknown as Record<symbol, { constructor: new (options: object) => { close(): unknown } }>

describe.each(doors)('the body of a 401, through $name', ({ open }) => {
  const ordinary = globals[dispatcherSymbol]
  beforeEach(async () => {
    // Node makes its dispatcher with the first request.
    await fetch('data:,x')
    const Agent = globals[dispatcherSymbol]?.constructor
    if (Agent !== undefined) globals[dispatcherSymbol] = new Agent({ connections: 1 }) as never
  })
  afterEach(() => {
    if (ordinary !== undefined) globals[dispatcherSymbol] = ordinary
  })

  test.each([0, 1, 64, 65, 1024])(
    'P85 of %s kB does not keep the one connection from the refresh',
    async (kilobytes) => {
      await using gateway = await startRejecting((response) =>
        response.writeHead(401).end('x'.repeat(kilobytes * 1024)),
      )
      const response = await open(gateway.session)(`${gateway.origin}/api`)
      expect(response.status).toBe(200)
      expect(await response.text()).toBe('ok')
    },
  )

  test('P85 that never ends keeps it for two seconds at most', async () => {
    await using gateway = await startRejecting((response) => response.writeHead(401).write('x'))
    expect((await open(gateway.session)(`${gateway.origin}/api`)).status).toBe(200)
  })

  test('P85 that unpacks to 256 MiB is not unpacked', async () => {
    const body = brotliCompressSync(Buffer.alloc(256 * 1024 * 1024), {
      params: { [constants.BROTLI_PARAM_QUALITY]: 1 },
    })
    await using gateway = await startRejecting((response) =>
      response.writeHead(401, { 'content-encoding': 'br', 'content-length': body.length }).end(body),
    )
    const before = process.memoryUsage().rss
    expect((await open(gateway.session)(`${gateway.origin}/api`)).status).toBe(200)
    expect(process.memoryUsage().rss - before).toBeLessThan(128 * 1024 * 1024)
  })

  test('P85 is given back where the 401 is what the caller gets, and says where it was cut', async () => {
    const bodies = ['', '{"title":"expired"}', 'x'.repeat(64 * 1024)]
    for (const body of bodies) {
      await using gateway = await startRejecting((response) => response.writeHead(401).end(body), { tokenStatus: 503 })
      const response = await open(gateway.session)(`${gateway.origin}/api`)
      expect([response.status, await response.text()]).toEqual([401, body])
    }
    await using gateway = await startRejecting((response) => response.writeHead(401).end('x'.repeat(65 * 1024)), {
      tokenStatus: 503,
    })
    const response = await open(gateway.session)(`${gateway.origin}/api`)
    expect([response.status, response.url]).toEqual([401, `${gateway.origin}/api`])
    await expect(response.text()).rejects.toThrow('64 kB')
  })
})
