/** Headers in one of the two forms that can be changed in place. */
export type OwnHeaders = Headers | Record<string, string>

/** Whether a header is among those of a request, in whatever form the caller gave them. */
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
