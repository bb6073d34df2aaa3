import { spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Api, AuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from './eventually.ts'
import { compileCache, type Program, superviseProcess } from './program.ts'

const main = fileURLToPath(new URL('../../examples/node-service/main.ts', import.meta.url))

/** `examples/node-service` as a process of its own. */
export interface NodeService extends Program {
  readonly url: string
  /** Everything it has printed, on standard output and error. */
  readonly output: string
  /** The lines of its log for an event. */
  logged(event: string): Record<string, unknown>[]
}

/** Where an instance keeps its sessions, and what it talks to. */
export interface NodeServiceInput {
  readonly server: AuthorizationServer
  readonly api: Api
  readonly directory: string
  /** In base64. */
  readonly key: string
  readonly environment?: Readonly<Record<string, string>>
}

/** Starts the service, and waits until it listens. */
export async function startNodeService(input: NodeServiceInput): Promise<NodeService> {
  const { server, api } = input
  const child = spawn(process.execPath, ['--conditions=@authchart/source', main], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: {
      PATH: process.env.PATH,
      NODE_COMPILE_CACHE: compileCache,
      ISSUER: server.issuer,
      UPSTREAM_URL: api.origin,
      SERVICE_CLIENT_ID: server.secretBasicClient.id,
      SERVICE_CLIENT_SECRET: server.secretBasicClient.secret,
      USER_CLIENT_ID: server.publicClient.id,
      SESSION_DIRECTORY: input.directory,
      SESSION_KEY: input.key,
      PORT: '0',
      ...input.environment,
    },
  })
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text
  })
  const program = superviseProcess(child)
  const logged = (event: string) =>
    program.lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => line.event === event)
  await eventually(() => logged('listening').length > 0 || program.exitCode !== undefined, {
    description: 'the service to listen',
    withinMilliseconds: 20_000,
  })
  if (program.exitCode !== undefined) throw new Error(`The service ended: ${program.lines.join(', ')} ${errors}`)
  const service = {
    logged,
    url: String(logged('listening')[0]?.url),
    get output() {
      return `${program.lines.join('\n')}\n${errors}`
    },
  }
  return Object.defineProperties(service, Object.getOwnPropertyDescriptors(program)) as NodeService
}
