/**
 * The value of the header that carries an access token, such as `Bearer abc`.
 *
 * @param scheme what stands before the token; `undefined` means the token's own type, an empty string a bare token
 * @see RFC 9110, section 11.6.2; RFC 6750, section 2.1
 */
export function authorizationHeader(
  token: { readonly type: string; readonly value: string },
  scheme: string | undefined,
): string {
  const prefix = scheme ?? token.type
  return prefix === '' ? token.value : `${prefix} ${token.value}`
}
