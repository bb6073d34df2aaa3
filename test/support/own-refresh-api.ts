import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** An app's own API on 127.0.0.1 that knows no OAuth: `POST /api/refresh` takes a refresh token and gives new tokens. */
export interface OwnRefreshApi extends AsyncDisposable {
  readonly origin: string
  /** How often `POST /api/refresh` was called. */
  readonly refreshes: number
  /** How often a refresh token came that was spent already. */
  readonly reuses: number
  /** Signs in; the refresh token is good for one refresh. */
  signIn(): { accessToken: string; refreshToken: string; expiresIn: number }
  /** The next answer to `POST /api/refresh` in place of the usual one: a status, or no answer at all. */
  answerNext(answer: { status: number; headers?: Record<string, string>; body?: string } | 'dropped'): void
  /** Ends every session at the API: from now on refresh tokens are refused. */
  endSessions(): void
}

/** Starts such an API: 200 with tokens, 401 for a refresh token that is not good, 403 for a user who is blocked. */
export async function startOwnRefreshApi(): Promise<OwnRefreshApi> {
  const refreshTokens = new Map<string, 'good' | 'spent'>()
  const answers: Parameters<OwnRefreshApi['answerNext']>[0][] = []
  let refreshes = 0
  let reuses = 0

  function issue() {
    const tokens = { accessToken: randomUUID(), refreshToken: randomUUID(), expiresIn: 3600 }
    refreshTokens.set(tokens.refreshToken, 'good')
    return tokens
  }

  async function refresh(request: IncomingMessage, response: ServerResponse) {
    refreshes += 1
    const { refreshToken } = JSON.parse(await readText(request)) as { refreshToken: string }
    const answer = answers.shift()
    if (answer === 'dropped') return response.destroy()
    if (answer !== undefined) return response.writeHead(answer.status, answer.headers).end(answer.body)
    const state = refreshTokens.get(refreshToken)
    if (state === 'spent') reuses += 1
    if (state !== 'good') return response.writeHead(401).end()
    refreshTokens.set(refreshToken, 'spent')
    return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(issue()))
  }

  const server = createServer((request, response) => {
    if (request.method === 'POST' && request.url === '/api/refresh') void refresh(request, response)
    else response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    get refreshes() {
      return refreshes
    },
    get reuses() {
      return reuses
    },
    signIn: issue,
    answerNext: (answer) => void answers.push(answer),
    endSessions: () => refreshTokens.clear(),
    async [Symbol.asyncDispose]() {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

async function readText(request: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of request.setEncoding('utf8')) text += chunk
  return text
}
