/**
 * How often a body can be sent.
 *
 * - `none`: there is nothing to send.
 * - `replayable`: the caller's own value gives the same bytes again (a `FormData`: equal parts, a new boundary).
 * - `oneShot`: sending it uses it up, or nobody can tell.
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
