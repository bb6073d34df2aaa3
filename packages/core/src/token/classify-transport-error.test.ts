import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import tls from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { holdPort } from '../../../../test/authorization-server/held-port.ts'
import { certificate, expiredCertificate, key } from '../../../../test/support/loopback-certificates.ts'
import { classifyTransportError } from './classify-transport-error.ts'

const servers: net.Server[] = []

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => new Promise((resolve) => server.close(resolve))))
})

async function listen(server: net.Server): Promise<number> {
  servers.push(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return (server.address() as net.AddressInfo).port
}

async function classifyFetch(url: string, signal: AbortSignal = AbortSignal.timeout(20_000)) {
  try {
    await fetch(url, { method: 'POST', body: new URLSearchParams({ grant_type: 'refresh_token' }), signal })
  } catch (error) {
    return classifyTransportError(error, { signal })
  }
  throw new Error('the request was answered')
}

async function classifyTlsConnection(options: tls.ConnectionOptions) {
  const socket = tls.connect({ host: '127.0.0.1', servername: 'localhost', ...options })
  const error = await new Promise((resolve) => socket.once('error', resolve))
  socket.destroy()
  return classifyTransportError(new TypeError('fetch failed', { cause: error }), {
    signal: new AbortController().signal,
  })
}

describe('nothing was sent', () => {
  it('when nobody listens', async () => {
    using held = await holdPort()
    expect(await classifyFetch(`http://127.0.0.1:${held.port}/`)).toEqual({
      kind: 'transport',
      sent: 'no',
      code: 'ECONNREFUSED',
    })
  })

  it('when no address of a name with several listens', async () => {
    using held = await holdPort()
    expect(await classifyFetch(`http://localhost:${held.port}/`)).toMatchObject({ sent: 'no' })
  })

  it('when the name is not known', async () => {
    // Too long for a name: nobody is asked, however slow the name servers are.
    expect(await classifyFetch(`http://${'a'.repeat(64)}.invalid/`)).toMatchObject({
      sent: 'no',
      code: expect.stringMatching(/^(ENOTFOUND|EAI_AGAIN)$/),
    })
  })

  it('when the connection ends within the TLS handshake', async () => {
    const port = await listen(net.createServer((socket) => socket.once('data', () => socket.end())))
    expect(await classifyFetch(`https://127.0.0.1:${port}/`)).toEqual({
      kind: 'transport',
      sent: 'no',
      code: 'ECONNRESET',
    })
  })

  it('when the far side speaks no TLS', async () => {
    const port = await listen(http.createServer((_request, response) => response.end()))
    expect(await classifyFetch(`https://127.0.0.1:${port}/`)).toEqual({
      kind: 'transport',
      sent: 'no',
      code: 'ERR_SSL_WRONG_VERSION_NUMBER',
    })
  })

  it('when the two sides have no TLS version in common', async () => {
    const port = await listen(tls.createServer({ key, cert: certificate, minVersion: 'TLSv1.3' }))
    expect(await classifyTlsConnection({ port, ca: certificate, maxVersion: 'TLSv1.2' })).toMatchObject({
      sent: 'no',
      code: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
    })
  })

  it('when the certificate is self-signed', async () => {
    let requests = 0
    const port = await listen(
      tls.createServer({ key, cert: certificate }, (socket) => {
        socket
          .on('error', () => {})
          .on('data', () => {
            requests += 1
          })
      }),
    )
    expect(await classifyFetch(`https://localhost:${port}/`)).toEqual({
      kind: 'transport',
      sent: 'no',
      code: 'DEPTH_ZERO_SELF_SIGNED_CERT',
    })
    expect(requests).toBe(0)
  })

  it.each([
    { case: 'has expired', code: 'CERT_HAS_EXPIRED', cert: expiredCertificate, servername: 'localhost' },
    { case: 'is for another name', code: 'ERR_TLS_CERT_ALTNAME_INVALID', cert: certificate, servername: 'example.com' },
  ])('when the certificate $case', async ({ code, cert, servername }) => {
    const port = await listen(tls.createServer({ key, cert }))
    expect(await classifyTlsConnection({ port, ca: cert, servername })).toEqual({ kind: 'transport', sent: 'no', code })
  })

  it('when the connection could not be made in time, even if the signal has aborted by now', () => {
    const cause = Object.assign(new Error('Connect Timeout Error'), { code: 'UND_ERR_CONNECT_TIMEOUT' })
    expect(classifyTransportError(new TypeError('fetch failed', { cause }), { signal: AbortSignal.abort() })).toEqual({
      kind: 'transport',
      sent: 'no',
      code: 'UND_ERR_CONNECT_TIMEOUT',
    })
  })
})

describe('nobody knows whether it was sent', () => {
  it('when the connection is reset after the request', async () => {
    const port = await listen(net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())))
    expect(await classifyFetch(`http://127.0.0.1:${port}/`)).toEqual({
      kind: 'transport',
      sent: 'unknown',
      code: 'ECONNRESET',
    })
  })

  it('when the connection is closed after the request', async () => {
    const port = await listen(net.createServer((socket) => socket.once('data', () => socket.end())))
    expect(await classifyFetch(`http://127.0.0.1:${port}/`)).toEqual({
      kind: 'transport',
      sent: 'unknown',
      code: 'UND_ERR_SOCKET',
    })
  })

  it('when the connection is reset within the TLS handshake, which looks like a reset after it', async () => {
    const port = await listen(net.createServer((socket) => socket.once('data', () => socket.resetAndDestroy())))
    expect(await classifyFetch(`https://127.0.0.1:${port}/`)).toMatchObject({ sent: 'unknown', code: 'ECONNRESET' })
  })

  it('when the connection is closed after the request, over TLS', async () => {
    const port = await listen(
      tls.createServer({ key, cert: certificate }, (socket) => {
        socket.on('error', () => {}).once('data', () => socket.destroy())
      }),
    )
    const socket = tls.connect({ host: '127.0.0.1', port, ca: certificate, servername: 'localhost' })
    await once(socket, 'secureConnect')
    const failure = new Promise((resolve) =>
      socket.once('error', resolve).once('close', () => resolve(new Error('end'))),
    )
    socket.write('POST / HTTP/1.1\r\n\r\n')
    expect(classifyTransportError(await failure, { signal: new AbortController().signal }).sent).toBe('unknown')
  })

  it('when the signal aborts', async () => {
    const controller = new AbortController()
    const port = await listen(net.createServer((socket) => socket.once('data', () => controller.abort())))
    expect(await classifyFetch(`http://127.0.0.1:${port}/`, controller.signal)).toEqual({
      kind: 'transport',
      sent: 'unknown',
      code: 'timeout',
    })
  })

  it('when one of several addresses failed after the connection was there', () => {
    const refused = Object.assign(new Error('refused'), { code: 'ECONNREFUSED', syscall: 'connect' })
    const reset = Object.assign(new Error('reset'), { code: 'ECONNRESET', syscall: 'read' })
    const { signal } = new AbortController()
    expect(classifyTransportError(new AggregateError([refused, refused]), { signal }).sent).toBe('no')
    expect(classifyTransportError(new AggregateError([refused, reset]), { signal }).sent).toBe('unknown')
    expect(classifyTransportError(new AggregateError([]), { signal }).sent).toBe('unknown')
  })

  it.each([
    ['a browser’s failed fetch', new TypeError('Failed to fetch')],
    ['a thrown text', 'ECONNREFUSED'],
    ['nothing', undefined],
    ['a message that only mentions a code', new Error('ECONNREFUSED')],
  ])('when all there is is %s', (_name, error) => {
    expect(classifyTransportError(error, { signal: new AbortController().signal })).toEqual({
      kind: 'transport',
      sent: 'unknown',
    })
  })

  it('when causes go round in a circle', () => {
    const error = new Error('one')
    error.cause = new Error('other', { cause: error })
    expect(classifyTransportError(error, { signal: new AbortController().signal }).sent).toBe('unknown')
  })
})

it('keeps no code that is none of a runtime’s', () => {
  const error = Object.assign(new Error('refused'), { code: 'CANARY-REFRESH-TOKEN' })
  expect(classifyTransportError(error, { signal: new AbortController().signal })).toEqual({
    kind: 'transport',
    sent: 'unknown',
  })
})
