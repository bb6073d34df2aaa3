import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Session, SessionOptions } from '@authchart/core'
import { type AuthorizationServer, startApi, startAuthorizationServer } from '../authorization-server/index.ts'
import { type LoopbackServer, startLoopbackServer } from '../authorization-server/loopback-server.ts'
import { openSignedInSession } from '../support/signed-in-session.ts'

type Handle = (request: IncomingMessage, response: ServerResponse) => unknown

/** An authorization server, an API that takes its tokens, and a session that is signed in. */
export interface RecipeFixture extends AsyncDisposable {
  readonly server: AuthorizationServer
  readonly origin: string
  readonly session: Session
  /** How many requests were rejected. */
  readonly rejections: () => number
}

/**
 * Starts them.
 * @param handle what the API does with requests whose token it accepts; default: answers what came, as `startApi` does
 */
export async function startFixture(
  handle?: Handle,
  { reject = rejectWithChallenge, http }: { reject?: Handle; http?: SessionOptions['http'] } = {},
): Promise<RecipeFixture> {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    wantsPromptForOfflineAccess: false,
  })
  const echo = handle === undefined ? await startApi({ authorizationServer: server }) : undefined
  let rejections = 0
  const guarded = await startLoopbackServer((request, response) => {
    void isAccepted(server, request.headers.authorization).then((accepted) => {
      if (accepted) return handle?.(request, response)
      rejections += 1
      return reject(request, response)
    })
  })
  const { origin }: Pick<LoopbackServer, 'origin'> = echo ?? guarded
  const session = await openSignedInSession(server, { allowedOrigins: [origin], http })
  return {
    server,
    origin,
    session,
    rejections: () => rejections + (echo?.counts.rejected ?? 0),
    async [Symbol.asyncDispose]() {
      await session.close()
      await Promise.all([guarded.close(), echo?.close(), server.close()])
    },
  }
}

/** Whether a server of tests accepts what came with a request. */
export async function isAccepted(server: AuthorizationServer, authorization: string | undefined): Promise<boolean> {
  const token = authorization?.split(' ').at(-1)
  return token !== undefined && (await server.findAccessToken(token)) !== undefined
}

function rejectWithChallenge(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end()
}
