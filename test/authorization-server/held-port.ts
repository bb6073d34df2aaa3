import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A port of 127.0.0.1 at which nobody listens. */
export interface HeldPort extends Disposable {
  readonly port: number
}

/**
 * Takes a free port without listening there: as that of a connection of a client. Who connects to it is refused, and no
 * other server is given it.
 */
export async function holdPort(): Promise<HeldPort> {
  const ends: Socket[] = []
  const server = createServer((socket) => ends.push(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const client = connect(address.port, '127.0.0.1')
  await once(client, 'connect')
  return {
    port: Number(client.localPort),
    [Symbol.dispose]() {
      client.resetAndDestroy()
      for (const end of ends) end.destroy()
      server.close()
    },
  }
}
