/**
 * Serves the viewer: `pnpm inspector`, and `pnpm inspector --port 8177`. Ctrl-C ends it.
 */
import { parseArgs } from 'node:util'
import { serveViewer } from './serve.ts'

const { values } = parseArgs({ options: { port: { type: 'string', default: '8177' } } })
const viewer = await serveViewer({ port: Number(values.port) })
console.log(`The viewer is at ${viewer.url}; programs send to ${viewer.messagesUrl}. Ctrl-C ends it.`)
console.log('For the hosted Stately inspector instead: https://stately.ai/docs/inspector')
process.once('SIGINT', () => void viewer.close())
