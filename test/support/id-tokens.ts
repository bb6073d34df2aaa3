/** An id token with these claims. Its signature is none: what comes straight from a token endpoint is not checked. */
export function createIdToken(
  claims: Readonly<Record<string, unknown>>,
  { alg = 'ES256' }: { readonly alg?: unknown } = {},
): string {
  const [header, payload] = [{ alg, typ: 'JWT' }, claims].map((part) =>
    Buffer.from(JSON.stringify(part)).toString('base64url'),
  )
  return `${header}.${payload}.AAAA`
}
