import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A port of 127.0.0.1 at which nobody listens. */
export interface HeldPort extends Disposable {
  readonly port: number
  release(): void
}

/**
 * Takes a port (default: any free one) without listening there: as that of a connection of a client. Who connects to it
 * is refused, and no other server is given it, unless by its number.
 */
export async function holdPort(port = 0): Promise<HeldPort> {
  const ends: Socket[] = []
  const server = createServer((socket) => ends.push(socket.on('error', () => {})))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('The server has no port')
  const client = connect({ host: '127.0.0.1', port: address.port, localAddress: '127.0.0.1', localPort: port })
  await once(client, 'connect')
  const release = () => {
    // Without a trace: a connection that is closed in order keeps its port for a minute.
    client.resetAndDestroy()
    for (const end of ends) end.destroy()
    server.close()
  }
  return { port: Number(client.localPort), release, [Symbol.dispose]: release }
}
