import { type MarkedInit, ownRequest } from '../token/own-request.ts'
import { untilAborted } from '../token/until-aborted.ts'

/** What requests are sent with: the platform's `fetch`, or an app's own, which must neither retry nor redirect. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>

/** The platform's `fetch`, looked up at each call, so that a program may replace it at any time. */
export const platformFetch: Fetch = (url, init) => globalThis.fetch(url, init)

/** How long one request of a sign-in may take, in milliseconds. */
const requestMilliseconds = 60_000

/** More than any token response or metadata document has. */
const longestBody = 1024 * 1024

declare const AUTHCHART_VERSION: string | undefined

/** The name of this library, and the version that it was built as. */
const ownUserAgent = `authchart/${typeof AUTHCHART_VERSION === 'string' ? AUTHCHART_VERSION : 'source'}`

/** The headers of every request; browsers have a `User-Agent` of their own, and ask servers before they send another. */
export function commonHeaders(userAgent = ownUserAgent): Headers {
  const headers = new Headers({ accept: 'application/json' })
  if (globalThis.navigator?.userAgent?.startsWith('Mozilla/') !== true) headers.set('user-agent', userAgent)
  return headers
}

let noStore: Pick<RequestInit, 'cache'> | undefined

/**
 * How every request is sent: past every cache, since some frameworks keep the answers of `fetch`, tokens included;
 * redirects are not followed. Some runtimes (older Cloudflare Workers) refuse the option `cache`.
 */
export function fetchDefaults(): Pick<RequestInit, 'cache' | 'redirect'> & MarkedInit {
  if (noStore === undefined) {
    try {
      new Request('https://a.example', { cache: 'no-store' })
      noStore = { cache: 'no-store' }
    } catch {
      noStore = {}
    }
  }
  return { ...noStore, redirect: 'manual', [ownRequest]: true }
}

/** A signal that ends one request of a sign-in: when the caller no longer wants it, or after a minute. */
export function requestSignal(signal?: AbortSignal): AbortSignal {
  const timeout = AbortSignal.timeout(requestMilliseconds)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

/** Browsers hide the status of a redirect that is not followed and say 0; 302 stands for it. */
export function readStatus(response: Response): number {
  return response.type === 'opaqueredirect' ? 302 : response.status
}

/**
 * The text of a response's body, or `undefined` when it could not be read to its end: cut, undecodable, longer than
 * 1 MiB, or not there before the signal aborted. Never throws.
 *
 * Bytes that are not UTF-8 are replaced, so that a description in another encoding does not hide the `error` beside it.
 * Bytes that are compressed though no header says so, because a proxy dropped it, are decompressed.
 */
export async function readBody(
  response: Response,
  { signal }: { signal?: AbortSignal | undefined } = {},
): Promise<string | undefined> {
  if (response.body === null) return ''
  const bytes = await readBytes(response.body, signal)
  const isCompressed = bytes?.[0] === 0x1f && bytes[1] === 0x8b && globalThis.DecompressionStream !== undefined
  const plain = isCompressed ? await readBytes(decompress(bytes), signal) : bytes
  return plain && new TextDecoder().decode(plain)
}

function decompress(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(new DecompressionStream('gzip'))
}

async function readBytes(
  body: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined
  try {
    reader = body.getReader()
    const chunks: Uint8Array[] = []
    let length = 0
    for (;;) {
      const chunk = await (signal === undefined ? reader.read() : untilAborted(reader.read(), signal))
      if (chunk.done) return concatenate(chunks, length)
      chunks.push(chunk.value)
      length += chunk.value.byteLength
      if (length > longestBody) throw new RangeError('body too long')
    }
  } catch {
    // Frees the connection; how that ends does not matter.
    reader?.cancel().catch(() => {})
    return undefined
  }
}

function concatenate(chunks: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length)
  let position = 0
  for (const chunk of chunks) {
    bytes.set(chunk, position)
    position += chunk.byteLength
  }
  return bytes
}
