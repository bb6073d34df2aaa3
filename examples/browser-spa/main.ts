/**
 * Serves the single-page app with its servers: `pnpm example:browser-spa`, and `pnpm example:browser-spa --port 5173 --built`. Ctrl-C ends it.
 */
import { parseArgs } from 'node:util'
import { serveSpa } from './serve.ts'

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '5173' },
    built: { type: 'boolean', default: false },
  },
})
const spa = await serveSpa({ port: Number(values.port), built: values.built })
console.log(`The app is at ${spa.url}; with its chart: ${spa.url}?inspect. Ctrl-C ends it.`)
console.log(`Its authorization server is ${spa.server.issuer}, its API ${spa.api.origin}.`)
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => void spa.close())
