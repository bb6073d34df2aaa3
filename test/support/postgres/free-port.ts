import { createServer } from 'node:net'
import { nextPort } from '../../authorization-server/loopback-ports.ts'

/** A port of the loopback that is free just now, and that nobody takes by chance. */
export async function findFreePort(): Promise<number> {
  for (;;) {
    const port = nextPort()
    const server = createServer()
    const isFree = await new Promise<boolean>((resolve) => {
      server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true))
    })
    if (!isFree) continue
    await new Promise((resolve) => server.close(resolve))
    return port
  }
}
