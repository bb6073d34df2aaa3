/** Anything shorter is no secret, and would be found in ordinary words. */
const shortestSecret = 8

/** The look of a registered `error`, which decides what a failure means and so stays as it came. */
const errorCode = /^[a-z]+(_[a-z]+)*$/

/**
 * The same value with each occurrence of a known secret, in any string at any depth, as `[redacted]`.
 *
 * Redaction by name cannot see these: a server that quotes the refresh token in its `error_description`.
 */
export function removeKnownSecrets<Value>(value: Value, secrets: Iterable<string>): Value {
  const known = [...new Set(secrets)].filter((secret) => secret.length >= shortestSecret)
  // A secret may hold another one (an encoded credential): the longest goes first.
  known.sort((one, other) => other.length - one.length)
  return known.length === 0 ? value : (visit(value, known) as Value)
}

function visit(value: unknown, secrets: readonly string[]): unknown {
  if (typeof value === 'string')
    return errorCode.test(value) && !secrets.includes(value) ? value : remove(value, secrets)
  if (Array.isArray(value)) return value.map((each) => visit(each, secrets))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [remove(name, secrets), visit(each, secrets)]))
}

function remove(text: string, secrets: readonly string[]): string {
  return secrets.reduce(
    (rest, secret) =>
      rest.replaceAll(secret, '[redacted]').replaceAll(encodeURIComponent(secret.toWellFormed()), '[redacted]'),
    text,
  )
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
