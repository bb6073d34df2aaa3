import type { IncomingMessage, ServerResponse } from 'node:http'
import { isOwnRequest } from '@authchart/example-inspector/own-request'
import { serveViewer, type Viewer } from '@authchart/example-inspector/serve'
import type { Api, AuthorizationServer } from '@authchart/test/authorization-server'
import type { Plugin } from 'vite'

/**
 * Make trouble behind the scene, at the page's own origin: `GET /stage/configuration`, `GET /stage/outage`, and
 * `POST /stage/revoke`, `/stage/outage/begin`, `/stage/outage/end`, `/stage/viewer`.
 */
export interface StageHands {
  /** Answers with JSON; `undefined` for an unknown path. */
  answer(request: { readonly method: string; readonly path: string }): Promise<unknown>
  close(): Promise<void>
}

export function createStageHands({ server, api }: { server: AuthorizationServer; api: Api }): StageHands {
  let isOut = false
  let viewer: Promise<Viewer> | undefined

  async function setOutage(begins: boolean) {
    isOut = begins
    await (begins ? server.goDown() : server.comeBack())
    return { isOut }
  }

  const answers: Record<string, () => unknown> = {
    'GET /configuration': () => ({
      issuer: server.issuer,
      clientId: server.publicClient.id,
      apiOrigin: api.origin,
    }),
    'GET /outage': () => ({ isOut }),
    'POST /outage/begin': () => setOutage(true),
    'POST /outage/end': () => setOutage(false),
    'POST /revoke': () => ({ revoked: server.revokeGrant() }),
    // Served only when it is first asked for.
    'POST /viewer': async () => {
      viewer ??= serveViewer()
      return { url: (await viewer).url }
    },
  }
  return {
    answer: async ({ method, path }) => answers[`${method} ${path}`]?.(),
    async close() {
      await (await viewer)?.close()
    },
  }
}

/** Puts them on the server that serves the page. */
export function stageHandsPlugin(stageHands: StageHands): Plugin {
  const handle = (request: IncomingMessage, response: ServerResponse) =>
    void answerRequest(stageHands, request, response)
  return {
    name: 'stage-hands',
    configureServer: ({ middlewares }) => void middlewares.use('/stage', handle),
    configurePreviewServer: ({ middlewares }) => void middlewares.use('/stage', handle),
  }
}

async function answerRequest(stageHands: StageHands, request: IncomingMessage, response: ServerResponse) {
  const { method = 'GET', url = '/' } = request
  const isForeign = !isOwnRequest(request)
  const answer = isForeign ? undefined : await stageHands.answer({ method, path: url.replace(/\?.*/, '') })
  response.statusCode = isForeign ? 403 : answer === undefined ? 404 : 200
  response.setHeader('content-type', 'application/json; charset=utf-8')
  response.end(JSON.stringify(answer ?? {}))
}
