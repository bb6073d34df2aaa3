/** What stands in place of what is not known to be harmless. */
const redacted = '[redacted]'

/** Public by what it means, so shown as it is: in requests, answers and headers. Compared by letters and digits alone. */
const publicNames: readonly RegExp[] = [
  /^(granttype|client(id|assertiontype)|scope|resource|audience|redirecturi|(issued)?tokentype|tokentypehint)$/,
  /^(((ext|refresh|x?refreshtoken)?expiresin)|(x|xms|xamzn)?(trace|correlation|request)id|cfray|dpopnonce)$/,
  /^(timestamp|content(type|length)|retryafter|date|server|via|x?ratelimit(limit|remaining|reset)?)$/,
]

/** Where servers say what is wrong: shown as far as it is words. */
const wordNames: readonly RegExp[] = [
  /^errors?(codes?|(sub)?type|subcode|reason|description|message|msg|summary)?$/,
  /^(suberror|err(code|msg)|(status)?code|status|type|category|reason|message|msg|details?|title|description|hint)$/,
  /^(field|object)$/,
]

const deepestLevel = 6
const mostMembers = 50
const longestText = 200
/** A shorter secret would be found in ordinary words. */
const shortestSecret = 8

/** `secrets`: what the request carried, and so is not shown even where it seems harmless. Some servers quote it. */
export interface RedactOptions {
  readonly secrets?: Iterable<string>
}

/**
 * A copy of parsed JSON that shows only what is known to be harmless: members by their names, if they are short and hold
 * nothing that looks like a token. Anything else is `[redacted]`, but for booleans and empty values: that a secret was
 * there at all may be known. Takes time in proportion to the size.
 */
export function redactObject(value: unknown, { secrets }: RedactOptions = {}): unknown {
  return copy(value, { name: '', level: 0, secrets: looksOf(secrets) })
}

/** Headers as `redactObject` shows them. */
export function redactHeaders(
  headers: Headers | Record<string, string>,
  options?: RedactOptions,
): Record<string, string> {
  const members = headers instanceof Headers ? Object.fromEntries(headers) : headers
  return redactObject(members, options) as Record<string, string>
}

/** The parameters of a form as `redactObject` shows them. */
export function redactForm(body: URLSearchParams | string, options?: RedactOptions): Record<string, string> {
  return redactObject(Object.fromEntries(new URLSearchParams(body)), options) as Record<string, string>
}

/** A URL, absolute or not, without user information, query and fragment. */
export function redactUrl(url: string, { secrets }: RedactOptions = {}): string {
  const [place = ''] = url.split(/[?#]/, 1)
  return removeSecrets(place.replace(/^([\w+.-]*:?\/\/)[^/]*@/, '$1'), looksOf(secrets))
}

/** A text as far as it is words; what may be a token, encoded or markup is `[redacted]`. Cut at 200 characters. */
export function redactText(text: string, { secrets }: RedactOptions = {}): string {
  return showWords(text, looksOf(secrets))
}

function copy(value: unknown, place: { name: string; level: number; secrets: readonly string[] }): unknown {
  const { name, secrets } = place
  if (value === undefined || value === null || value === '' || typeof value === 'boolean') return value
  if (typeof value === 'string' || typeof value === 'number') {
    const isPublic = isOneOf(publicNames, name)
    if (!isPublic && !isOneOf(wordNames, name)) return redacted
    const shown = isPublic ? showWhole(`${value}`, secrets) : showWords(`${value}`, secrets)
    return shown === `${value}` ? value : shown
  }
  if (typeof value !== 'object' || place.level === deepestLevel) return redacted
  const inside = { ...place, level: place.level + 1 }
  if (Array.isArray(value)) return value.slice(0, mostMembers).map((item) => copy(item, inside))
  const members = Object.entries(value).slice(0, mostMembers)
  return Object.fromEntries(
    members.map(([key, member]) => [showWords(key, secrets), copy(member, { ...inside, name: key })]),
  )
}

/** All of a text, unless it is long or could hold an encoded secret. */
function showWhole(text: string, secrets: readonly string[]): string {
  return text.length <= longestText && /^[ -$&-[\]-~]*$/.test(text) ? removeSecrets(text, secrets) : redacted
}

function showWords(text: string, secrets: readonly string[]): string {
  const words = removeSecrets(text, secrets)
    .slice(0, longestText + 1)
    .split(/\s+/)
  // The last word of a text that is cut may be the beginning of a token.
  if (text.length > longestText) words.splice(-1, 1, '…')
  return words.map((word) => (isWord(word) ? word : redacted)).join(' ')
}

/** Letters, digits, punctuation. Not `name=value`, nor a long run, nor a digit before a letter: tokens have those. */
function isWord(word: string): boolean {
  return /^[\p{L}\p{M}\d_.,;!?'"()[\]…-]{0,50}:?$/u.test(word) && !/\d{9}|\d[a-z]|[a-z\d]{25}/i.test(word)
}

function removeSecrets(text: string, secrets: readonly string[]): string {
  // An error's code decides what a failure means, so no weak secret may hide a part of it.
  if (text.length < 50 && /^[a-z]+(?:_[a-z]+)*$/.test(text) && !secrets.includes(text)) return text
  return secrets.reduce((rest, secret) => rest.replaceAll(secret, redacted), text)
}

/** As they are and as in a form, the longest first: it may hold another one. */
function looksOf(secrets: Iterable<string> = []): string[] {
  const telling = [...secrets].filter((secret) => secret.length >= shortestSecret)
  const looks = new Set(telling.flatMap((secret) => [secret, secret.replaceAll(' ', '+')]))
  return [...looks].sort((one, other) => other.length - one.length)
}

function isOneOf(patterns: readonly RegExp[], name: string): boolean {
  const letters = name.toLowerCase().replace(/[^a-z\d]/g, '')
  return patterns.some((pattern) => pattern.test(letters))
}
