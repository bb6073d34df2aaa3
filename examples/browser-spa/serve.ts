import { mkdtemp, rm } from 'node:fs/promises'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import {
  type Api,
  type AuthorizationServer,
  startApi,
  startAuthorizationServer,
} from '@authchart/test/authorization-server'
import react from '@vitejs/plugin-react'
import { build, createServer, defaultClientConditions, type InlineConfig, preview, type ViteDevServer } from 'vite'
import { createStageHands, stageHandsPlugin } from './stage-hands.ts'

/** How the app is served. */
export interface SpaOptions {
  /** Default 5173; the next free one if it is taken. 0: any. */
  readonly port?: number
  /** Whether to serve it built, as published, instead of from source with hot reload. Default false. */
  readonly built?: boolean
  /** In whole seconds. Default 30, which means a refresh every twenty seconds. */
  readonly accessTokenLifetime?: number
}

/** The served app and its servers, all on loopback. */
export interface Spa extends AsyncDisposable {
  readonly url: string
  readonly server: AuthorizationServer
  readonly api: Api
  /** The server of the source; absent if the app was built. */
  readonly vite: ViteDevServer | undefined
  close(): Promise<void>
}

/** Starts an authorization server, an API, and the server of the app. */
export async function serveSpa({
  port = 5173,
  built = false,
  accessTokenLifetime = 30,
}: SpaOptions = {}): Promise<Spa> {
  const server = await startAuthorizationServer({
    lifetimes: { accessToken: accessTokenLifetime },
    keepsConnections: false,
    wantsPromptForOfflineAccess: false,
  })
  const api = await startApi({ authorizationServer: server, keepsConnections: false })
  const stageHands = createStageHands({ server, api })
  const config = configure(port, stageHandsPlugin(stageHands))
  const page = await (built ? serveBuilt(config) : serveSource(config))

  async function close(): Promise<void> {
    await Promise.all([page.close(), stageHands.close(), api.close(), server.close()])
  }
  return {
    url: `http://127.0.0.1:${(page.httpServer.address() as AddressInfo).port}/`,
    server,
    api,
    vite: page.vite,
    close,
    [Symbol.asyncDispose]: close,
  }
}

interface ServedPage {
  readonly httpServer: Server
  readonly vite?: ViteDevServer
  close(): Promise<void>
}

function configure(port: number, stageHands: ReturnType<typeof stageHandsPlugin>): InlineConfig {
  const address = { host: '127.0.0.1', port }
  return {
    configFile: false,
    root: fileURLToPath(new URL('page/', import.meta.url)),
    cacheDir: fileURLToPath(new URL('node_modules/.vite', import.meta.url)),
    logLevel: 'error',
    plugins: [react(), stageHands],
    server: address,
    preview: address,
    // For the top-level `await` of the configuration.
    build: { target: 'es2022' },
    // Take the packages from source, wherever the workspace links them.
    resolve: { conditions: ['@authchart/source', ...defaultClientConditions], dedupe: ['xstate', 'react'] },
    optimizeDeps: {
      // Dependencies that Vite would find late, which would reload the page.
      include: [
        'react',
        'react-dom/client',
        'react/jsx-dev-runtime',
        '@xstate/react',
        'xstate',
        'ky',
        '@authchart/core > oauth4webapi',
        '@authchart/browser-store > idb-keyval',
        '@statelyai/inspect',
      ],
    },
  }
}

async function serveSource(config: InlineConfig): Promise<ServedPage> {
  const vite = await createServer(config)
  await vite.listen()
  const httpServer = vite.httpServer as Server
  return {
    httpServer,
    vite,
    close() {
      httpServer.closeAllConnections()
      return vite.close()
    },
  }
}

async function serveBuilt(config: InlineConfig): Promise<ServedPage> {
  const outDir = await mkdtemp(join(tmpdir(), 'authchart-spa-'))
  const withOutput = { ...config, build: { ...config.build, outDir, emptyOutDir: true } }
  await build(withOutput)
  const served = await preview(withOutput)
  const httpServer = served.httpServer as Server
  return {
    httpServer,
    async close() {
      httpServer.closeAllConnections()
      await served.close()
      await rm(outDir, { recursive: true, force: true })
    },
  }
}
