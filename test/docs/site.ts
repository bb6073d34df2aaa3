import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, extname, join, resolve } from 'node:path'
import { promisify } from 'node:util'
import manifest from '../../package.json' with { type: 'json' }
import { type LoopbackServer, startLoopbackServer } from '../authorization-server/loopback-server.ts'

const docs = resolve(import.meta.dirname, '../../docs')

/** Where the site is built to. */
export const output = join(docs, '.vitepress/dist')

/** The path that all of the site is below. */
export const base = new URL(manifest.homepage).pathname

/** Builds the site as it is published; the reference must be there. Throws when a link leads nowhere. */
export async function buildSite(): Promise<void> {
  const vitepress = dirname(createRequire(join(docs, 'package.json')).resolve('vitepress/package.json'))
  await promisify(execFile)(process.execPath, [join(vitepress, 'bin/vitepress.js'), 'build'], { cwd: docs })
}

/** Serves what was built, as GitHub Pages does. */
export function serveSite(): Promise<LoopbackServer> {
  return startLoopbackServer(async (request, response) => {
    const { pathname } = new URL(`http://docs.example${request.url}`)
    const path = pathname.slice(base.length) || 'index'
    const file = join(output, path.endsWith('/') ? `${path}index.html` : extname(path) ? path : `${path}.html`)
    const content = await readFile(file).catch(() => undefined)
    response.statusCode = content === undefined ? 404 : 200
    response.setHeader('content-type', types[extname(file)] ?? 'application/octet-stream')
    response.end(content)
  })
}

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
  '.md': 'text/markdown; charset=utf-8',
  '.woff2': 'font/woff2',
}
