import { existsSync, readFileSync } from 'node:fs'
import { extname, join } from 'node:path'
import { createStageHands } from '../../examples/browser-spa/stage-hands.ts'
import { startApi, startAuthorizationServer } from '../authorization-server/index.ts'
import { startLoopbackServer } from '../authorization-server/loopback-server.ts'

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.css': 'text/css', '.html': 'text/html' }

/** Serves a folder as the single-page app that it holds, with the servers that the app asks: new ones each time. */
export async function serveApp(folder: string) {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    keepsConnections: false,
    wantsPromptForOfflineAccess: false,
  })
  const api = await startApi({ authorizationServer: server, keepsConnections: false })
  const stageHands = createStageHands({ server, api })
  const pages = await startLoopbackServer(async (request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page.example')
    if (pathname.startsWith('/stage/')) {
      const answer = await stageHands.answer({ method: request.method ?? 'GET', path: pathname.slice('/stage'.length) })
      response.setHeader('content-type', 'application/json').end(JSON.stringify(answer ?? {}))
      return
    }
    const file = existsSync(join(folder, pathname)) && pathname !== '/' ? pathname : '/index.html'
    response.setHeader('content-type', `${types[extname(file)]}; charset=utf-8`)
    response.end(readFileSync(join(folder, file)))
  })
  return {
    url: `${pages.origin}/`,
    server,
    async [Symbol.asyncDispose]() {
      await Promise.all([pages.close(), stageHands.close(), api.close(), server.close()])
    },
  }
}
