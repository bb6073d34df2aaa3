/**
 * The process behind `startApiServer`: prints its origin and serves until it is ended.
 */
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

let issued = 0
let isExpired = false
let counts = { accepted: 0, rejected: 0, tokenRequests: 0 }

const server = createServer({ keepAliveTimeout: 120_000 }, (request, response) => {
  request.resume()
  request.on('end', () => send(response, answer(request.url ?? '', request.headers.authorization)))
})

server.listen(0, '127.0.0.1', () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
})

interface Answer {
  readonly status: number
  readonly body: object
}

function answer(path: string, authorization: string | undefined): Answer {
  switch (path) {
    case '/token':
      counts.tokenRequests += 1
      issueTokens()
      return { status: 200, body: { ...wireTokens(), token_type: 'Bearer', expires_in: 3600 } }
    case '/sign-in':
      issueTokens()
      return { status: 200, body: currentTokens() }
    case '/expire-token':
      isExpired = true
      counts = { accepted: 0, rejected: 0, tokenRequests: 0 }
      return { status: 200, body: {} }
    case '/counts':
      return { status: 200, body: counts }
    default: {
      const isAccepted = !isExpired && authorization === `Bearer ${currentTokens().accessToken}`
      counts[isAccepted ? 'accepted' : 'rejected'] += 1
      return { status: isAccepted ? 200 : 401, body: { hello: 'world' } }
    }
  }
}

function issueTokens(): void {
  issued += 1
  isExpired = false
}

function currentTokens(): { accessToken: string; refreshToken: string } {
  return { accessToken: `${'a'.repeat(40)}${issued}`, refreshToken: `${'r'.repeat(40)}${issued}` }
}

function wireTokens() {
  const { accessToken, refreshToken } = currentTokens()
  return { access_token: accessToken, refresh_token: refreshToken }
}

function send(response: ServerResponse, { status, body }: Answer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
    ...(status === 401 ? { 'www-authenticate': 'Bearer error="invalid_token"' } : {}),
  })
  response.end(text)
}
