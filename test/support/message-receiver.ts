import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { relayMessages } from '@authchart/example-inspector/relay'
import { createWebSocketReceiver, type StatelyInspectionEvent } from '@statelyai/inspect'

/** A server on 127.0.0.1 that inspectors send to, and what a receiver gets from it. */
export interface MessageReceiver extends AsyncDisposable {
  readonly url: string
  readonly messages: readonly StatelyInspectionEvent[]
}

/** Starts such a server, and a receiver of `@statelyai/inspect` at it. */
export async function startMessageReceiver(): Promise<MessageReceiver> {
  const server = createServer()
  const relay = relayMessages(server)
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}/messages`
  const messages: StatelyInspectionEvent[] = []
  createWebSocketReceiver({ server: url }).subscribe((message) => messages.push(message))
  return {
    url,
    messages,
    async [Symbol.asyncDispose]() {
      relay.close()
      const closed = once(server, 'close')
      server.close()
      server.closeAllConnections()
      await closed
    },
  }
}
