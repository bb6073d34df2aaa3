import type { Clock } from '../clock/clock.ts'
import { timeoutSignal } from '../clock/wait.ts'
import { untilAborted } from '../token/until-aborted.ts'

/** So much of a body is kept in memory, in bytes as they are read: a small file may unpack to a huge one. */
const mostBytes = 64 * 1024
/** For so long a body is read, in milliseconds. */
const longestRead = 2_000

/**
 * Reads the body of a response now, so that its connection is free while something else is awaited: a pool of one
 * connection would not let the refresh through. Of a body that is longer than 64 kB, or slow, the rest is cancelled.
 *
 * Returns what gives the response back with its body in memory; reading a body that was cut fails there.
 */
export async function setBodyAside(response: Response, clock: Clock): Promise<() => Response> {
  const { body } = response
  if (body === null || body === undefined || response.bodyUsed) return () => response
  const reader = body.getReader()
  const chunks: Uint8Array[] = []
  let size = 0
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      size += value.byteLength
      if (size > mostBytes) throw cutError()
      chunks.push(value)
    }
  }
  const timeout = timeoutSignal(clock, longestRead, { lastMilliseconds: longestRead / 2 })
  let failure: unknown
  try {
    await untilAborted(read(), timeout.signal)
  } catch (error) {
    failure = timeout.signal.aborted ? cutError() : error
    reader.cancel().catch(() => {})
  }
  timeout.stop()
  return () => withBody(response, chunks, failure)
}

function cutError(): Error {
  return new TypeError('This body was cut after 64 kB: it was read while a new access token was awaited.')
}

/** The response with another body: what fetch knows of it besides is kept. */
function withBody(response: Response, chunks: readonly Uint8Array[], failure: unknown): Response {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk)
      if (failure === undefined) controller.close()
    },
    // After what there is has been read.
    pull(controller) {
      if (failure !== undefined) controller.error(failure)
    },
  })
  const { status, statusText, headers, url, redirected, type } = response
  const copy = new Response(body, { status, statusText, headers })
  return Object.defineProperties(copy, {
    url: { value: url },
    redirected: { value: redirected },
    type: { value: type },
  })
}
