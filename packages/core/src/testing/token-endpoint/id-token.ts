/** An id token whose signature is not one: what comes straight from the token endpoint is taken without. */
export function createIdToken(claims: object): string {
  const encode = (value: object) => base64url(new TextEncoder().encode(JSON.stringify(value)))
  return `${encode({ alg: 'RS256', typ: 'JWT' })}.${encode(claims)}.${encode({})}`
}

export function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '')
}
