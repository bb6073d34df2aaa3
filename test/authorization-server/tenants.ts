import { type IncomingMessage, type ServerResponse, request as sendRequest } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { type AuthorizationServer, startAuthorizationServer } from './authorization-server.ts'
import { startLoopbackServer } from './loopback-server.ts'

/** One server of several tenants, as Microsoft Entra is: each has an issuer, and there are names for them all. */
export interface Tenants extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40123`. */
  readonly origin: string
  /** Users whose login hint ends in `@second.example` are of the second one. */
  readonly servers: readonly AuthorizationServer[]
  /** The issuer of all tenants, as an app writes it: `common`, `organizations` or the domain of one. */
  issuerOf(name: string): string
}

const ids = ['11111111-1111-4111-8111-111111111111', '22222222-2222-4222-8222-222222222222']

/**
 * Starts two tenants behind one origin. What is asked by a name for all goes to the tenant of the user; the metadata has
 * `{tenantid}` in the place of the tenant.
 */
export async function startTenants(): Promise<Tenants> {
  const servers: AuthorizationServer[] = []
  const front = await startLoopbackServer((request, response) => void handle(request, response))
  const { origin } = front
  for (const id of ids) servers.push(await startAuthorizationServer({ path: `/${id}/v2.0`, publicOrigin: origin }))

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname, search, searchParams } = new URL(request.url ?? '', origin)
    const [, name = '', ...rest] = pathname.split('/')
    const path = `${rest.join('/')}${search}`
    const body = await buffer(request)
    const own = ids.indexOf(name)
    if (own !== -1) return forward(own, path, { request, response, body })
    if (path.includes('.well-known')) return sendMetadata(name, path, response)
    if (request.method === 'GET') {
      const hint = searchParams.get('login_hint') ?? issuerOfHint(searchParams.get('id_token_hint'))
      const tenant = /@second\.example$/.test(hint) || hint.includes(ids[1] ?? '') ? ids[1] : ids[0]
      return void response.writeHead(302, { location: `${origin}/${tenant}/${path}` }).end()
    }
    // Neither tenant knows what the other one has issued.
    const answers = await Promise.all(ids.map((_id, index) => ask(index, path, { request, body })))
    const [first, second] = answers
    const answer = first?.status === 200 && !path.includes('revocation') ? first : (second ?? first)
    const best = answer?.status === 200 ? answer : first
    response.writeHead(best?.status ?? 502, best?.headers).end(best?.body)
  }

  async function forward(
    tenant: number,
    path: string,
    { request, response, body }: { request: IncomingMessage; response: ServerResponse; body: Buffer },
  ): Promise<void> {
    const answer = await ask(tenant, path, { request, body })
    response.writeHead(answer.status, answer.headers).end(answer.body)
  }

  /** The same request to a tenant's own server. */
  function ask(tenant: number, path: string, { request, body }: { request: IncomingMessage; body: Buffer }) {
    const address = new URL(`/${ids[tenant]}/${path}`, servers[tenant]?.ownOrigin)
    const { method, headers } = request
    return new Promise<{ status: number; headers: NodeJS.Dict<string | string[]>; body: Buffer }>((resolve, reject) => {
      const sent = sendRequest(address, { method, headers }, (answer) => {
        buffer(answer).then((read) => {
          resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: read })
        }, reject)
      })
      sent.once('error', reject).end(body)
    })
  }

  async function sendMetadata(name: string, path: string, response: ServerResponse): Promise<void> {
    const published = await fetch(`${origin}/${ids[0]}/${path}`)
    if (!published.ok) return void response.writeHead(404).end()
    const text = (await published.text()).replaceAll(ids[0] ?? '', name)
    const metadata = { ...(JSON.parse(text) as object), issuer: `${origin}/{tenantid}/v2.0` }
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(metadata))
  }

  return {
    origin,
    servers,
    issuerOf: (name) => `${origin}/${name}/v2.0`,
    async [Symbol.asyncDispose]() {
      await front.close()
      await Promise.all(servers.map((server) => server.close()))
    },
  }
}

function issuerOfHint(idToken: string | null): string {
  if (idToken === null) return ''
  const { iss } = JSON.parse(Buffer.from(idToken.split('.')[1] ?? '', 'base64url').toString()) as { iss: string }
  return iss
}
