import { expect, it } from 'vitest'
import { createSimulatedClock } from '../testing/simulated-clock.ts'
import { setBodyAside } from './set-body-aside.ts'

const limit = 64 * 1024

/** A body that gives these chunks, then ends, fails or stays open; `cancelled` tells whether it was cancelled. */
function openBody(chunks: readonly Uint8Array[], end: 'ends' | 'fails' | 'staysOpen' = 'ends') {
  const given = { cancelled: false, pulled: 0 }
  const body = new ReadableStream<Uint8Array>(
    {
      pull(controller) {
        const chunk = chunks[given.pulled]
        given.pulled += 1
        if (chunk !== undefined) controller.enqueue(chunk)
        else if (end === 'ends') controller.close()
        else if (end === 'fails') controller.error(new TypeError('terminated'))
        else return new Promise(() => {})
      },
      cancel() {
        given.cancelled = true
      },
    },
    { highWaterMark: 0 },
  )
  return { body, given }
}

function bytes(size: number, value = 7): Uint8Array {
  return new Uint8Array(size).fill(value)
}

it('reads a body at once, and gives it back with all that was known of the response', async () => {
  const clock = createSimulatedClock()
  const headers = { 'content-type': 'application/problem+json', 'www-authenticate': 'Bearer' }
  const init = { status: 401, statusText: 'Unauthorized', headers }
  const response = new Response('{"title":"expired"}', init)
  Object.defineProperties(response, { url: { value: 'https://api.example/a' }, redirected: { value: true } })
  const giveBack = await setBodyAside(response, clock)
  expect(response.bodyUsed).toBe(true)
  expect(clock.timers).toBe(0)
  const copy = giveBack()
  expect(copy).toMatchObject({ status: 401, statusText: 'Unauthorized', url: 'https://api.example/a', ok: false })
  expect(copy).toMatchObject({ redirected: true, type: response.type, bodyUsed: false })
  expect(Object.fromEntries(copy.headers)).toEqual(headers)
  expect(await copy.clone().json()).toEqual({ title: 'expired' })
  expect(await copy.json()).toEqual({ title: 'expired' })
})

it('gives back the very response where there is no body, or it was read', async () => {
  const clock = createSimulatedClock()
  const empty = new Response(null, { status: 401 })
  expect((await setBodyAside(empty, clock))()).toBe(empty)
  const used = new Response('text', { status: 401 })
  await used.text()
  expect((await setBodyAside(used, clock))()).toBe(used)
  // As React Native's fetch has it.
  const unstreamed = { status: 401, body: undefined, bodyUsed: false } as unknown as Response
  expect((await setBodyAside(unstreamed, clock))()).toBe(unstreamed)
})

it('keeps a body of exactly 64 kB', async () => {
  const { body, given } = openBody([bytes(limit - 1), bytes(1)])
  const giveBack = await setBodyAside(new Response(body, { status: 401 }), createSimulatedClock())
  expect((await giveBack().arrayBuffer()).byteLength).toBe(limit)
  expect(given.cancelled).toBe(false)
})

it('cuts a body that is one byte longer, and cancels the rest', async () => {
  const { body, given } = openBody([bytes(limit), bytes(1), bytes(1)])
  const giveBack = await setBodyAside(new Response(body, { status: 401 }), createSimulatedClock())
  expect(given).toEqual({ cancelled: true, pulled: 2 })
  const reader = giveBack().body?.getReader()
  expect((await reader?.read())?.value).toEqual(bytes(limit))
  await expect(reader?.read()).rejects.toThrow('was cut')
})

it('says so where the whole of a cut body is read', async () => {
  const { body } = openBody([bytes(limit + 1)])
  const giveBack = await setBodyAside(new Response(body, { status: 401 }), createSimulatedClock())
  await expect(giveBack().text()).rejects.toThrow('was cut')
})

it('cuts a body that does not come to its end within 2 s', async () => {
  const clock = createSimulatedClock()
  const { body, given } = openBody([bytes(3)], 'staysOpen')
  let giveBack: (() => Response) | undefined
  const done = setBodyAside(new Response(body, { status: 401 }), clock).then((result) => {
    giveBack = result
  })
  await clock.advance(1_999)
  expect(giveBack).toBeUndefined()
  await clock.advance(1)
  await done
  expect(given.cancelled).toBe(true)
  const reader = giveBack?.().body?.getReader()
  expect((await reader?.read())?.value).toEqual(bytes(3))
  await expect(reader?.read()).rejects.toThrow('was cut')
})

it('passes on why a body broke off, after what came of it', async () => {
  const clock = createSimulatedClock()
  const { body } = openBody([bytes(3)], 'fails')
  const giveBack = await setBodyAside(new Response(body, { status: 401 }), clock)
  const reader = giveBack().body?.getReader()
  expect((await reader?.read())?.value).toEqual(bytes(3))
  await expect(reader?.read()).rejects.toThrow('terminated')
  expect(clock.timers).toBe(0)
})

it('reads what has arrived while the program was suspended, for however long', async () => {
  const clock = createSimulatedClock()
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>()
  const giveBack = setBodyAside(new Response(readable, { status: 401 }), clock)
  clock.sleep(3_600_000)
  // Timers that are due fire first.
  await clock.advance(0)
  const writer = writable.getWriter()
  void writer.write(bytes(3))
  void writer.close()
  expect(new Uint8Array(await (await giveBack)().arrayBuffer())).toEqual(bytes(3))
})
