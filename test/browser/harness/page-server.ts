import { type LoopbackServer, startLoopbackServer } from '../../authorization-server/loopback-server.ts'
import { buildPageBundle } from './page-bundle.ts'

const bundles = new Map<string, Promise<string>>()

/**
 * Serves the app, or another script of `page/`, at an origin of its own each time, so that nothing is stored there yet:
 * `/` with its script, `/sandboxed` in a frame without an origin, `/elsewhere` without anything.
 */
export async function startPageServer(name = 'app'): Promise<LoopbackServer> {
  const bundle = bundles.get(name) ?? buildPageBundle(new URL(`../page/${name}.ts`, import.meta.url))
  bundles.set(name, bundle)
  const script = await bundle
  return startLoopbackServer((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://page.example')
    if (pathname === '/app.js') {
      response.setHeader('content-type', 'text/javascript; charset=utf-8')
      response.setHeader('access-control-allow-origin', '*')
      response.end(script)
      return
    }
    response.setHeader('content-type', 'text/html; charset=utf-8')
    // A frame without an origin may store nothing, and asks across origins.
    if (pathname === '/sandboxed') response.setHeader('content-security-policy', 'sandbox allow-scripts')
    const app = pathname === '/elsewhere' ? '' : '<script type="module" src="/app.js"></script>'
    response.end(`<!doctype html><html lang="en"><title>authchart</title><link rel="icon" href="data:,">${app}</html>`)
  })
}
