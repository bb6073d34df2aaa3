/** Serves the viewer: `pnpm inspector`. */
import { readOptions } from '../../scripts/read-options.ts'
import { serveViewer } from './serve.ts'

const usage = `Usage: pnpm inspector [--port 8177]

Serves a page that shows sessions, and the socket that programs send them to.
Ctrl-C ends it.`

const { port } = readOptions(usage, { port: { type: 'string', default: '8177' } })
const viewer = await serveViewer({ port: Number(port) })
console.log(`The viewer is at ${viewer.url}; programs send to ${viewer.messagesUrl}. Ctrl-C ends it.`)
console.log('For the hosted Stately inspector instead: https://stately.ai/docs/inspector')
process.once('SIGINT', () => void viewer.close())
