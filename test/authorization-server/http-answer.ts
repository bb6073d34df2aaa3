import type { ServerResponse } from 'node:http'

/** An HTTP response, freely given. */
export interface HttpAnswer {
  readonly status: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
  /** Announces more bytes than are sent, then destroys the connection. */
  readonly truncated?: boolean
}

/** A JSON answer with the content type that goes with it. */
export function jsonAnswer(status: number, body: unknown, headers: Record<string, string> = {}): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store', ...headers },
    body: JSON.stringify(body),
  }
}

/**
 * Sends an answer and resolves when it has left or the connection is gone.
 * @returns whether the whole answer was handed to the network
 */
export function writeAnswer(response: ServerResponse, answer: HttpAnswer): Promise<boolean> {
  if (response.destroyed || response.socket === null) return Promise.resolve(false)
  const body = Buffer.from(answer.body ?? '')
  for (const name of response.getHeaderNames()) response.removeHeader(name)
  response.statusCode = answer.status
  for (const [name, value] of Object.entries(answer.headers ?? {})) response.setHeader(name, value)
  if (answer.status !== 204) response.setHeader('content-length', body.length + (answer.truncated ? 64 : 0))
  const { promise, resolve } = Promise.withResolvers<boolean>()
  response.once('finish', () => resolve(true))
  response.once('close', () => resolve(false))
  if (answer.truncated) {
    response.write(body, () => response.socket?.destroy())
  } else {
    response.end(body)
  }
  return promise
}
