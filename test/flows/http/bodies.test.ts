import { describe, expect, test } from 'vitest'
import { doors } from './doors.ts'
import { readEcho, startFixture } from './fixture.ts'

const bytes = Uint8Array.from({ length: 300 }, (_, index) => index % 256)
const json = JSON.stringify({ amount: 12, note: 'ä€😀' })

const cases: [string, RequestInit][] = [
  ['JSON', { method: 'POST', body: json, headers: { 'content-type': 'application/json' } }],
  ['a text', { method: 'PATCH', body: 'ä€😀' }],
  ['a form', { method: 'POST', body: new URLSearchParams({ a: '1', b: 'ä &=' }) }],
  ['a Blob', { method: 'PUT', body: new Blob([bytes], { type: 'application/x-own' }) }],
  ['an ArrayBuffer', { method: 'POST', body: bytes.buffer }],
  ['a part of a buffer', { method: 'POST', body: bytes.subarray(10, 20) }],
  ['a DataView', { method: 'POST', body: new DataView(bytes.buffer, 3, 5) }],
  ['an empty text', { method: 'POST', body: '' }],
  ['no body', { method: 'DELETE' }],
]

describe.each(doors)('through $name', ({ open }) => {
  test.each(cases)('P13 %s is sent again byte for byte, with headers, signal and options', async (_name, init) => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    const url = `${api.origin}/invoices?of=today`
    const headers = { ...(init.headers as Record<string, string>), 'x-request-id': 'abc', accept: 'application/json' }
    const request = { ...init, headers, referrer: 'http://127.0.0.1/page', signal: new AbortController().signal }
    const send = open(session)
    const once = await readEcho(await send(url, request))
    api.faults.revokePresentedToken()
    const replayed = await readEcho(await send(url, request))
    expect(api.requests.map(({ outcome }) => outcome)).toEqual(['accepted', 'rejected', 'accepted'])
    expect(new Set(api.requests.map(({ bodyHash }) => bodyHash)).size).toBe(1)
    expect(replayed).toEqual({ ...once, token: 2 })
    expect(replayed.headers).toMatchObject({ 'x-request-id': 'abc', accept: 'application/json' })
  })

  test('P13 multipart is sent again with equal parts', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    const form = new FormData()
    form.set('note', 'ä€😀')
    form.set('file', new File([bytes], 'bytes.bin', { type: 'application/x-own' }))
    api.faults.revokePresentedToken()
    const echo = await readEcho(await open(session)(api.origin, { method: 'POST', body: form }))
    expect(api.requests.map(({ outcome }) => outcome)).toEqual(['rejected', 'accepted'])
    const sent = await new Response(Buffer.from(echo.body ?? '', 'base64'), {
      headers: { 'content-type': echo.headers['content-type'] ?? '' },
    }).formData()
    const file = sent.get('file') as File
    expect(sent.get('note')).toBe('ä€😀')
    expect([file.name, file.type]).toEqual(['bytes.bin', 'application/x-own'])
    expect(new Uint8Array(await file.arrayBuffer())).toEqual(bytes)
  })

  test('P13 an aborted signal ends the second send too', async () => {
    await using fixture = await startFixture()
    const { api, session } = fixture
    api.faults.revokePresentedToken({ path: '/held' })
    const controller = new AbortController()
    const gate = api.faults.hold({ path: '/held', times: 2 })
    const response = open(session)(`${api.origin}/held`, { method: 'POST', body: json, signal: controller.signal })
    const failure = expect(response).rejects.toMatchObject({ name: 'AbortError' })
    await gate.arrived()
    gate.releaseOne()
    await gate.arrived(2)
    controller.abort()
    await failure
    expect(api.requests.map(({ token }) => token)).toEqual([1, 2])
  })
})
