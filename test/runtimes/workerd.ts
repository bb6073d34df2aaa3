import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { build } from 'esbuild'

/** `workerd` with the test's Worker. */
export interface Workerd extends AsyncDisposable {
  readonly origin: string
}

/** Makes one file of the Worker in a project's folder, as `wrangler` does. */
export async function bundleWorker(folder: string): Promise<void> {
  await build({
    entryPoints: [join(folder, 'test/runtimes/programs/worker.ts')],
    outfile: join(folder, 'worker.js'),
    bundle: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2024',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'warning',
  })
}

/** Starts it on what `bundleWorker` made. What its objects store stays in the folder. */
export async function startWorkerd(
  command: string,
  { folder, bindings }: { folder: string; bindings: Readonly<Record<string, string>> },
): Promise<Workerd> {
  mkdirSync(join(folder, 'objects'), { recursive: true })
  const configuration = join(folder, 'config.capnp')
  writeFileSync(configuration, describeConfiguration(folder, bindings))
  const child = spawn(command, ['serve', configuration, '--control-fd=3'], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  })
  const exit = once(child, 'exit')
  const port = await Promise.race([
    readPort(child.stdio[3] as Readable),
    exit.then(() => Promise.reject(new Error('workerd ended before it listened.'))),
  ])
  return {
    origin: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await exit
    },
  }
}

/** It says on that descriptor where it listens. */
async function readPort(control: Readable): Promise<number> {
  let text = ''
  for await (const chunk of control.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    text += String(chunk)
    const port = /"event":"listen","socket":"http","port":(\d+)/.exec(text)?.[1]
    if (port !== undefined) return Number(port)
  }
  throw new Error(`workerd said: ${text}`)
}

function describeConfiguration(folder: string, bindings: Readonly<Record<string, string>>): string {
  const texts = Object.entries(bindings).map(([name, value]) => `(name = "${name}", text = ${JSON.stringify(value)})`)
  return `
using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name = "main", worker = .worker),
    (name = "internet", network = (allow = ["public", "private"])),
    (name = "objects", disk = (path = ${JSON.stringify(join(folder, 'objects'))}, writable = true)),
  ],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [(name = "worker.js", esModule = embed "worker.js")],
  compatibilityDate = "2026-07-01",
  durableObjectNamespaces = [
    (className = "SessionObject", uniqueKey = "sessions", enableSql = true),
    (className = "TestObject", uniqueKey = "tests", enableSql = true),
  ],
  durableObjectStorage = (localDisk = "objects"),
  bindings = [
    (name = "SESSIONS", durableObjectNamespace = "SessionObject"),
    (name = "TESTS", durableObjectNamespace = "TestObject"),
    ${texts.join(',\n    ')}
  ],
);
`
}
