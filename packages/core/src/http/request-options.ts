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
