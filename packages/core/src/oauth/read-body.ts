import { untilAborted } from '../token/until-aborted.ts'

/** More than any token response or metadata document has. */
const longestBody = 1024 * 1024

/**
 * The text of a response's body, or `undefined` when it could not be read to its end: cut, undecodable, longer than
 * 1 MiB, or not there before the signal aborted. Never throws.
 *
 * Bytes that are no UTF-8 are replaced, so that a description in another encoding does not hide the `error` beside it.
 */
export async function readBody(
  response: Response,
  { signal }: { signal?: AbortSignal } = {},
): Promise<string | undefined> {
  if (response.body === null) return ''
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    reader = response.body.getReader()
    const decoder = new TextDecoder()
    let text = ''
    let length = 0
    for (;;) {
      const chunk = await (signal === undefined ? reader.read() : untilAborted(reader.read(), signal))
      if (chunk.done) return text + decoder.decode()
      length += chunk.value.byteLength
      if (length > longestBody) throw new RangeError('body too long')
      text += decoder.decode(chunk.value, { stream: true })
    }
  } catch {
    // Frees the connection; how that ends is of no interest.
    reader?.cancel().catch(() => {})
    return undefined
  }
}
