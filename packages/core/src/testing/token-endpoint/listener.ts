import type { Answer } from './choose-answer.ts'

/** As much of `node:http` as is used here: this door is imported in browsers too, which have no types for it. */
interface NodeHttp {
  createServer(onRequest: (request: NodeRequest, response: NodeResponse) => void): NodeServer
}

interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly url?: string
  readonly method?: string
}

interface NodeResponse {
  writeHead(status: number, headers: Readonly<Record<string, string>>): NodeResponse
  end(body: string): void
  destroy(): void
}

interface NodeServer {
  listen(port: number, host: string, onListening: () => void): void
  address(): { port: number } | string | null
  close(onClosed: () => void): void
  closeAllConnections(): void
}

/** Listens on 127.0.0.1: metadata at their two well-known paths, and the token endpoint at `/token`. */
export async function startListener(
  answerTo: (refreshToken: string | undefined) => Promise<Answer>,
): Promise<{ origin: string; close(): Promise<void> }> {
  const { createServer } = loadNodeHttp()
  let origin = ''

  async function respond(request: NodeRequest, response: NodeResponse): Promise<void> {
    if (request.url === '/token' && request.method === 'POST') {
      const form = new URLSearchParams(await readText(request))
      return send(response, await answerTo(form.get('refresh_token') ?? undefined))
    }
    const isMetadata = /^\/\.well-known\/(openid-configuration|oauth-authorization-server)$/.test(request.url ?? '')
    const body = isMetadata ? JSON.stringify(metadataOf(origin)) : 'Not here.'
    const type = isMetadata ? 'application/json' : 'text/plain'
    send(response, { status: isMetadata ? 200 : 404, headers: { 'content-type': type }, body })
  }

  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  origin = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`
  return {
    origin,
    close: () =>
      new Promise((resolve) => {
        server.close(resolve)
        server.closeAllConnections()
      }),
  }
}

/** Asked of Node rather than imported: a bundler for browsers would look for a module of that name. */
function loadNodeHttp(): NodeHttp {
  const { process } = globalThis as { process?: { getBuiltinModule?(name: string): unknown } }
  const http = process?.getBuiltinModule?.('node:http')
  if (http === undefined)
    throw new Error('A token endpoint can be started in Node 22 or later only; pages can call it.')
  return http as NodeHttp
}

function metadataOf(origin: string) {
  return {
    issuer: origin,
    token_endpoint: `${origin}/token`,
    authorization_endpoint: `${origin}/authorization`,
    jwks_uri: `${origin}/keys`,
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    id_token_signing_alg_values_supported: ['RS256'],
    grant_types_supported: ['refresh_token'],
  }
}

function send(response: NodeResponse, answer: Answer): void {
  if (answer === undefined) response.destroy()
  else response.writeHead(answer.status, answer.headers).end(answer.body)
}

async function readText(request: NodeRequest): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
