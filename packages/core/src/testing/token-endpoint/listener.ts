/** As much of `node:http` as is used here: this door is imported in browsers too, which have no types for it. */
interface NodeHttp {
  createServer(onRequest: (request: NodeRequest, response: NodeResponse) => void): NodeServer
}

interface NodeRequest extends AsyncIterable<Uint8Array> {
  readonly url?: string
  readonly method?: string
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
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

/** Listens on 127.0.0.1, and answers as it is told. */
export async function startListener(
  answer: (request: Request) => Promise<Response>,
): Promise<{ origin: string; close(): Promise<void> }> {
  const { createServer } = loadNodeHttp()
  let origin = ''

  async function respond(request: NodeRequest, response: NodeResponse): Promise<void> {
    const { url = '/', method = 'GET' } = request
    const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)] as [string, string])
    const text = await readText(request)
    const body = method === 'GET' || method === 'HEAD' ? undefined : text
    await send(response, await answer(new Request(new URL(url, origin), { method, headers, body })))
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

async function send(response: NodeResponse, answer: Response): Promise<void> {
  if (answer.type === 'error') response.destroy()
  else response.writeHead(answer.status, Object.fromEntries(answer.headers)).end(await answer.text())
}

async function readText(request: NodeRequest): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of request) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}
