/** Anything shorter is no secret, and would be found in ordinary words. */
const shortestSecret = 8

/** Deeper than anybody looks; a hostile answer nests so deep that going there would end the call. */
const deepestLevel = 20

/** The look of a registered `error`, which decides what a failure means and so stays as it came. */
const errorCode = /^[a-z]+(_[a-z]+)*$/

/**
 * The same value with each occurrence of a known secret, in any string at any depth, as `[redacted]`.
 *
 * Redaction by name cannot see these: a server that quotes the refresh token in its `error_description`.
 */
export function removeKnownSecrets<Value>(value: Value, secrets: Iterable<string>): Value {
  const known = [...secrets].filter((secret) => secret.length >= shortestSecret)
  // A secret may hold another one (an encoded credential): the longest goes first.
  const looks = [...new Set(known.flatMap(looksOf))].sort((one, other) => other.length - one.length)
  return looks.length === 0 ? value : (visit(value, looks) as Value)
}

function visit(value: unknown, looks: readonly string[], depth = 0): unknown {
  if (depth > deepestLevel) return '[more]'
  if (typeof value === 'string') return errorCode.test(value) && !looks.includes(value) ? value : remove(value, looks)
  if (Array.isArray(value)) return value.map((each) => visit(each, looks, depth + 1))
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).map(([name, each]) => [remove(name, looks), visit(each, looks, depth + 1)])
  return Object.fromEntries(entries)
}

function remove(text: string, looks: readonly string[]): string {
  return looks.reduce((rest, look) => rest.replaceAll(look, '[redacted]'), text)
}

/** As it is, as it stands in a URL, in a form, and within a JSON text. */
function looksOf(secret: string): string[] {
  const wellFormed = secret.toWellFormed()
  const inForm = new URLSearchParams([['', wellFormed]]).toString().slice(1)
  return [secret, encodeURIComponent(wellFormed), inForm, JSON.stringify(secret).slice(1, -1)]
}

/** Request parameters that are public; every other one counts as a secret. */
const publicParameters: ReadonlySet<string> = new Set([
  'grant_type',
  'client_id',
  'client_assertion_type',
  'scope',
  'resource',
  'audience',
  'redirect_uri',
  'token_type_hint',
])

/** The secrets that a request to the authorization server carries, whichever way the client authenticates. */
export function collectRequestSecrets(request: { body: URLSearchParams; headers: Headers }): string[] {
  const secrets = [...request.body].flatMap(([name, value]) => (publicParameters.has(name) ? [] : [value]))
  const credentials = /^\w+ +(.+)$/.exec(request.headers.get('authorization') ?? '')?.[1]
  return credentials === undefined ? secrets : [...secrets, credentials, ...decodeBasicPassword(credentials)]
}

function decodeBasicPassword(credentials: string): string[] {
  try {
    const password = atob(credentials).split(':').slice(1).join(':')
    return [password, decodeURIComponent(password.replaceAll('+', ' '))]
  } catch {
    return []
  }
}
