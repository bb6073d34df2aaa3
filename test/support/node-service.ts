import { execFile, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Api, AuthorizationServer } from '../authorization-server/index.ts'
import { eventually } from './eventually.ts'
import { compileCache, type Program, superviseProcess } from './program.ts'

const main = fileURLToPath(new URL('../../examples/node-service/main.ts', import.meta.url))

const asSource = '--conditions=@authchart/source'

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
  const child = spawn(process.execPath, [asSource, main], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: environmentOf(input),
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
    withinMilliseconds: 60_000,
    pauseMilliseconds: 50,
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

/** Runs its command `sign-in`, with a browser that shows nothing; Linux only. What it has printed. */
export async function signInByCommand(input: NodeServiceInput): Promise<string> {
  const visit = fileURLToPath(new URL('./programs/visit-as-browser.ts', import.meta.url))
  const { stdout } = await promisify(execFile)(process.execPath, [asSource, main, 'sign-in'], {
    env: { ...environmentOf(input), BROWSER: `${process.execPath} ${asSource} ${visit}` },
    timeout: 60_000,
  })
  return stdout
}

function environmentOf({ server, api, directory, key, environment }: NodeServiceInput): NodeJS.ProcessEnv {
  return {
    PATH: process.env.PATH,
    NODE_COMPILE_CACHE: compileCache,
    ISSUER: server.issuer,
    UPSTREAM_URL: api.origin,
    SERVICE_CLIENT_ID: server.secretBasicClient.id,
    SERVICE_CLIENT_SECRET: server.secretBasicClient.secret,
    USER_CLIENT_ID: server.publicClient.id,
    SESSION_DIRECTORY: directory,
    SESSION_KEY: key,
    PORT: '0',
    ...environment,
  }
}
