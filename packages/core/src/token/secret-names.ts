/**
 * The ends of the names under which secrets travel, without case, dashes and underscores: `access_token`,
 * `previousIdToken`, `registration_access_token`, `X-Api-Key`, `Set-Cookie`. An end, not the whole, because apps put
 * their own words in front.
 */
const secretEnd =
  /(?:token|tokenhint|secret|password|passphrase|codeverifier|assertion|cookie|authorization|dpop|apikey|privatekey|proofkey|devicecode|authorizationcode)s?$/

/** Names that are secret only as a whole: `error_code`, `status_code` and `passcode_length` are not. */
const secretNames: ReadonlySet<string> = new Set(['code', 'codes', 'passwd', 'pwd'])

/** Whether what travels under this name, in whatever spelling, must not be shown. */
export function isSecretName(name: string): boolean {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, '')
  return secretNames.has(plain) || secretEnd.test(plain)
}

/** What stands in place of a secret. */
export const redacted = '[redacted]'
