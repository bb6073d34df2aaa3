/** A page's address that answers a sign-in. */
export interface CallbackAddress {
  /** Which one; `undefined` when it cannot be told. */
  readonly state: string | undefined
  /** The same address without the answer. */
  readonly cleaned: string
}

/**
 * What an answer brings, besides what the app has in its address itself.
 *
 * @see RFC 6749, sections 4.1.2 and 4.1.2.1; RFC 9207; OpenID Connect Session Management 1.0, section 2
 */
const answerParameters = ['code', 'state', 'iss', 'error', 'error_description', 'error_uri', 'session_state']

/**
 * Reads the answer of an authorization server from the address of a page. Answers have a `state`, and a `code` or an
 * `error`; `undefined` for any other address.
 *
 * @param redirectUri where answers go; where it is not known, they are looked for at any address
 */
export function readCallbackAddress(address: string, redirectUri?: string): CallbackAddress | undefined {
  const url = new URL(address)
  if (redirectUri !== undefined && !isSamePlace(url, new URL(redirectUri))) return undefined
  const { searchParams } = url
  if (!searchParams.has('state') || !(searchParams.has('code') || searchParams.has('error'))) return undefined
  const [state, ...others] = searchParams.getAll('state')
  for (const name of answerParameters) searchParams.delete(name)
  return { state: others.length === 0 ? state : undefined, cleaned: url.href }
}

function isSamePlace(one: URL, other: URL): boolean {
  return one.origin === other.origin && one.pathname === other.pathname
}
