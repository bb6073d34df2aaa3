import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createClient } from '@redis/client'
import { eventually } from '../eventually.ts'
import { findFreePort } from '../postgres/free-port.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'

const program = ['/usr/bin/redis-server', '/usr/local/bin/redis-server'].find(existsSync)

/** A Redis on a port of the loopback. */
export interface RedisServer extends AsyncDisposable {
  readonly url: string
}

/**
 * Starts one in a temporary folder. It keeps nothing on disk.
 * @throws Error that says how to install it
 */
export async function startRedis(): Promise<RedisServer> {
  if (program === undefined) throw new Error('Redis is not installed here: `apt-get install redis-server`.')
  const temporary = createTemporaryFolder()
  const port = await findFreePort()
  const settings = { port: String(port), bind: '127.0.0.1', dir: temporary.path, save: '', appendonly: 'no' }
  const lines = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  const child = spawn(program, lines, { stdio: 'ignore' })
  const url = `redis://127.0.0.1:${port}`
  await eventually(() => answers(url), { description: 'Redis answers', withinMilliseconds: 10_000 })
  return {
    url,
    async [Symbol.asyncDispose]() {
      const exited = once(child, 'exit')
      child.kill('SIGKILL')
      await exited
      await temporary[Symbol.asyncDispose]()
    },
  }
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false } }).on('error', () => {})
  try {
    await client.connect()
    return true
  } catch {
    return false
  } finally {
    client.destroy()
  }
}
