/** Serves the single-page app with its servers: `pnpm example:browser-spa`. */
import { readOptions } from '../../scripts/read-options.ts'
import { serveSpa } from './serve.ts'

const usage = `Usage: pnpm example:browser-spa [--built] [--port 5173]

Serves the app with an authorization server and an API of its own: with hot
reload, or with --built as it would be published. Ctrl-C ends it.`

const { port, built } = readOptions(usage, {
  port: { type: 'string', default: '5173' },
  built: { type: 'boolean', default: false },
})
const spa = await serveSpa({ port: Number(port), built })
console.log(`The app is at ${spa.url}; with its chart: ${spa.url}?inspect. Ctrl-C ends it.`)
console.log(`Its authorization server is ${spa.server.issuer}, its API ${spa.api.origin}.`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void spa.close())
