import { redactCredentials, redactPlainText } from './redact-text.ts'
import { isSecretName, redacted } from './secret-names.ts'

/** Longer texts are cut before they are read: a debug entry is for people, and each pattern stays quick. */
const longestText = 16_384
const deepestLevel = 8
const mostMembers = 1000

const jsonStart = /\{\s*(?:"|\}|$)|\[\s*(?:["[{]|$)/
/** Headers that Node gives as a flat list of names and values. */
const secretHeader = /^(?:proxy-authorization|authorization|(?:set-)?cookie|dpop)$/i
/** Longer than the name of any parameter: what is no name, such as a bare token, is not shown. */
const parameterName = /^[\w.[\]-]{1,40}$/

/**
 * The parameters of a form-encoded body by name, without the secrets among them. A text that is no form gives nothing.
 *
 * @see RFC 6749, appendix B
 */
export function redactForm(body: URLSearchParams | string): Record<string, string> {
  if (typeof body === 'string' && !/^[^={["]+=/.test(body)) return {}
  const parameters = [...new URLSearchParams(body)].filter(([name]) => parameterName.test(name))
  return Object.fromEntries(parameters.map(([name, value]) => [name, redactMember(name, value)]))
}

/**
 * A copy of any value without the secrets in it: what has a telling name, and what `redactText` finds in the texts.
 *
 * Never throws, whatever the value is. Cycles are cut, as is what is deeper than 8 levels or beyond a thousand members.
 * An error keeps its name, message, code and cause; bytes, functions and keys are not shown.
 *
 * @param options `keep` lists names that are harmless here, such as `code` in a response that cannot have an
 *   authorization code
 */
export function redactObject(value: unknown, { keep = [] }: { keep?: readonly string[] } = {}): unknown {
  return copy(value, { keep: new Set(keep), ancestors: [], count: { members: 0 } })
}

/** Headers without credentials, cookies and proofs; the scheme stays: `Bearer [redacted]`. */
export function redactHeaders(headers: Headers | Record<string, string>): Record<string, string> {
  const entries = headers instanceof Headers ? [...headers] : Object.entries(headers)
  return Object.fromEntries(entries.map(([name, value]) => [name, redactMember(name, value)]))
}

/** A URL, absolute or not, without the user information, and the secrets in its query and fragment. */
export function redactUrl(url: string): string {
  return redactPlainText(url.slice(0, longestText))
}

/**
 * A text without the secrets in it: what stands behind a telling name or scheme, in a URL or in JSON, and JWTs.
 *
 * The scheme stays (`Bearer [redacted]`), as does what only looks alike (`status_code=401`). JSON that cannot be parsed,
 * because it was truncated, is dropped whole. A secret that nothing gives away is not found: it is the writer's duty not
 * to put one into a text. Never throws.
 */
export function redactText(text: string): string {
  return redactTextWith(text.slice(0, longestText), redactObject)
}

function redactTextWith(text: string, redactJson: (value: unknown) => unknown): string {
  const start = text.search(jsonStart)
  if (start === -1) return redactPlainText(text)
  const end = Math.max(text.lastIndexOf('}'), text.lastIndexOf(']')) + 1
  const before = redactPlainText(text.slice(0, start))
  try {
    const json = JSON.stringify(redactJson(JSON.parse(text.slice(start, end))))
    return `${before}${json}${redactPlainText(text.slice(end))}`
  } catch {
    return `${before}[unreadable JSON]`
  }
}

interface CopyContext {
  readonly keep: ReadonlySet<string>
  /** The objects on the way down to this one. */
  readonly ancestors: readonly object[]
  /** Shared by the whole copy. */
  readonly count: { members: number }
}

function copy(value: unknown, context: CopyContext): unknown {
  if (typeof value === 'string') {
    if (context.ancestors.length >= deepestLevel) return redactPlainText(value.slice(0, longestText))
    return redactTextWith(value.slice(0, longestText), (json) =>
      // A text in JSON may be JSON again; it counts as a level.
      copy(json, { ...context, ancestors: [...context.ancestors, {}] }),
    )
  }
  if (typeof value === 'bigint') return `${value}`
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`
  if (typeof value !== 'object' || value === null) return value
  if (context.ancestors.includes(value)) return '[circular]'
  if (context.ancestors.length >= deepestLevel || context.count.members >= mostMembers) return '[more]'
  try {
    return copyObject(value, { ...context, ancestors: [...context.ancestors, value] })
  } catch {
    return '[unreadable]'
  }
}

function copyObject(value: object, context: CopyContext): unknown {
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString()
  if (value instanceof URL) return redactUrl(value.href)
  if (value instanceof URLSearchParams) return redactForm(value)
  if (value instanceof Headers) return redactHeaders(value)
  if (value instanceof Map) return copyMembers([...value].map(toNamedEntry), context)
  if (value instanceof Set) return copyArray([...value], context)
  if (Array.isArray(value)) return copyArray(value, context)
  if (ArrayBuffer.isView(value) || value instanceof ArrayBuffer) return '[bytes]'
  if (value instanceof Error) return copyError(value, context)
  return copyMembers(Object.entries(value), context)
}

function copyArray(items: readonly unknown[], context: CopyContext): unknown[] {
  return items.slice(0, mostMembers).map((item, index) => {
    const name = items[index - 1]
    const isValue =
      typeof name === 'string' &&
      (secretHeader.test(name) || (items.length === 2 && isSecretName(name) && !context.keep.has(name)))
    return isValue ? copyMember(name, item, context) : countedCopy(item, context)
  })
}

/** What says most about an error is not enumerable; its `code` names the error and is no authorization code. */
function copyError(error: Error, context: CopyContext): unknown {
  const { name, message, cause } = error
  const errors = error instanceof AggregateError ? { errors: error.errors as unknown[] } : {}
  const members = { ...error, name, message, ...errors, ...(cause === undefined ? {} : { cause }) }
  return copyMembers(Object.entries(members), context, 'code')
}

function copyMembers(entries: [string, unknown][], context: CopyContext, alsoKeep?: string): Record<string, unknown> {
  return Object.fromEntries(
    entries
      .slice(0, mostMembers)
      .map(([name, value]) => [
        redactPlainText(name.slice(0, longestText)),
        name === alsoKeep ? countedCopy(value, context) : copyMember(name, value, context),
      ]),
  )
}

function copyMember(name: string, value: unknown, context: CopyContext): unknown {
  const isSecret = isSecretName(name) && !context.keep.has(name)
  // Whether there was something is worth knowing, and no secret.
  if (!isSecret || value === undefined || value === null || value === '' || typeof value === 'boolean') {
    return countedCopy(value, context)
  }
  return typeof value === 'string' ? redactMember(name, value) : redacted
}

function countedCopy(value: unknown, context: CopyContext): unknown {
  context.count.members += 1
  return copy(value, context)
}

function redactMember(name: string, value: string): string {
  if (/authorization$/i.test(name)) return redactCredentials(value)
  return isSecretName(name) && value !== '' ? redacted : redactText(value)
}

function toNamedEntry([key, value]: [unknown, unknown]): [string, unknown] {
  return [typeof key === 'string' ? key : `[${typeof key}]`, value]
}
