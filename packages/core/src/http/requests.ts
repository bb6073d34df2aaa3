/**
 * How often a body can be sent.
 *
 * - `none`: there is nothing to send.
 * - `replayable`: the caller's own value gives the same bytes again (a `FormData`: equal parts, a new boundary).
 * - `oneShot`: sending it uses it up, or that is not known.
 */
export type BodyKind = 'none' | 'replayable' | 'oneShot'

/**
 * How often the `body` option of a fetch can be sent. Only streams and async iterables are used up; fetch reads every
 * other value anew each time, or makes a string of it.
 */
export function bodyKindOf(body: unknown): BodyKind {
  if (body === undefined || body === null) return 'none'
  if (typeof body !== 'object') return 'replayable'
  // Some browsers' streams are not iterable.
  const isStream = Symbol.asyncIterator in body || Object.prototype.toString.call(body) === '[object ReadableStream]'
  return isStream ? 'oneShot' : 'replayable'
}

/** How often the body of a `Request` can be sent, which hides what it was made from. */
export function hiddenBodyKindOf(request: Request): BodyKind {
  if (request.body === null) return 'none'
  // Where `Request.body` is not supported, the method is all there is to go by.
  if (request.body === undefined && /^(GET|HEAD)$/.test(request.method)) return 'none'
  return 'oneShot'
}

/** Headers in one of the two forms that can be changed in place. */
export type OwnHeaders = Headers | Record<string, string>

/** Whether a header is among those of a request, in any of the forms that a caller may give. */
export function hasHeader(headers: HeadersInit | undefined, name: string): boolean {
  if (headers === undefined) return false
  if (headers instanceof Headers) return headers.has(name)
  const names = isRecord(headers) ? Object.keys(headers) : Array.from(headers, ([key]) => key)
  return names.some((key) => key?.length === name.length && key.toLowerCase() === name.toLowerCase())
}

/** A copy of a request's headers, as a plain object where they were one: that is cheaper. */
export function copyHeaders(headers: HeadersInit | undefined): OwnHeaders {
  if (headers === undefined) return {}
  return isRecord(headers) ? { ...headers } : new Headers(headers)
}

/** Sets a header in place. A plain object must not have it yet in another spelling. */
export function setHeader(headers: OwnHeaders, name: string, value: string): void {
  if (headers instanceof Headers) headers.set(name, value)
  else headers[name] = value
}

/** Plain objects, but not maps and lists of pairs, which fetch reads by iterating. */
function isRecord(headers: HeadersInit): headers is Record<string, string> {
  return !(Symbol.iterator in headers)
}

/** `duplex` is missing from TypeScript's declarations; fetch asks for it with a body that is a stream. */
export type FetchInit = RequestInit & { duplex?: 'half' }

/** What fetch itself reads from its second argument; `dispatcher` in Node only. */
const optionNames = [
  'method',
  'headers',
  'body',
  'signal',
  'mode',
  'credentials',
  'cache',
  'redirect',
  'referrer',
  'referrerPolicy',
  'integrity',
  'keepalive',
  'priority',
  'window',
  'duplex',
  'dispatcher',
]

/** A copy of fetch's second argument, with options that this library does not know. */
export function copyInit(init: RequestInit | undefined): FetchInit {
  const copy: Record<string, unknown> = { ...init }
  if (init === undefined || init === null || isPlain(init)) return copy
  // Such as another `Request`, whose options are getters of its class, which a spread does not see.
  for (const name of optionNames) {
    const value = (init as Record<string, unknown>)[name]
    if (value !== undefined) copy[name] = value
  }
  return copy
}

/** Whether fetch's first argument is a `Request`, of this realm or another. Loads nothing: Node makes the class late. */
export function isRequest(input: unknown): input is Request {
  return Object.prototype.toString.call(input) === '[object Request]'
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

/**
 * A body as it is now: the caller may change a buffer or a form while a refresh is awaited. Strings and blobs cannot
 * change; streams are used up by their one send.
 */
export function freezeBody(body: unknown): unknown {
  const kind = Object.prototype.toString.call(body)
  if (kind === '[object URLSearchParams]') return new URLSearchParams(body as URLSearchParams)
  if (kind === '[object ArrayBuffer]') return (body as ArrayBuffer).slice(0)
  if (kind === '[object FormData]') return copyForm(body as FormData)
  if (!ArrayBuffer.isView(body)) return body
  return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice()
}

function copyForm(form: FormData): FormData {
  const copy = new FormData()
  for (const [name, value] of form) copy.append(name, value)
  return copy
}
