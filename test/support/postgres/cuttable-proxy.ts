import { connect, createServer, type Socket } from 'node:net'
import { findFreePort } from './free-port.ts'

/** A way to a server on the loopback that can be closed: connections end, and new ones are refused. */
export interface CuttableProxy extends AsyncDisposable {
  readonly port: number
  /** Cuts all connections and refuses new ones. */
  close(): Promise<void>
  open(): Promise<void>
  /** Ends what leads to the server alone, as a server does that takes a frozen machine for dead: the client hears nothing. */
  abandon(): void
  /** Leads to another port from now on. */
  leadTo(targetPort: number): void
}

/** Opens a way to a port. */
export async function startCuttableProxy(firstTargetPort: number): Promise<CuttableProxy> {
  const sockets = new Set<Socket>()
  const targets = new Set<Socket>()
  const abandoned = new WeakSet<Socket>()
  let targetPort = firstTargetPort
  const server = createServer((socket) => {
    const target = connect(targetPort, '127.0.0.1')
    for (const [one, other] of [
      [socket, target],
      [target, socket],
    ] as const) {
      sockets.add(one)
      one.on('error', () => {})
      one.on('close', () => {
        sockets.delete(one)
        if (!abandoned.has(one)) other.destroy()
      })
      one.pipe(other, { end: false })
    }
    targets.add(target)
    target.on('close', () => targets.delete(target))
  })
  const port = await findFreePort()
  const proxy: CuttableProxy = {
    port,
    open: () => new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve)),
    async close() {
      const closed = new Promise((resolve) => server.close(resolve))
      for (const socket of sockets) socket.destroy()
      await closed
    },
    abandon() {
      for (const target of targets) {
        abandoned.add(target)
        target.destroy()
      }
    },
    leadTo(otherPort) {
      targetPort = otherPort
    },
    [Symbol.asyncDispose]: () => proxy.close(),
  }
  await proxy.open()
  return proxy
}
