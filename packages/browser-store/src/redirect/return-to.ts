/**
 * An address within this site, as path, query and fragment; `undefined` for anything that leads, or could be read as
 * leading, elsewhere.
 *
 * @param page the page's own address, which relative ones are taken from
 * @see RFC 9700, section 4.11, open redirection
 */
export function readReturnTo(value: unknown, page: string): string | undefined {
  if (typeof value !== 'string' || value === '' || !URL.canParse(value, page)) return undefined
  const { protocol, origin, pathname, search, hash } = new URL(value, page)
  // `blob:` has the origin of the page that made it, and `javascript:` none.
  if ((protocol !== 'https:' && protocol !== 'http:') || origin !== new URL(page).origin) return undefined
  // Of this origin as it stands; but code that reads the path alone would take it for a host.
  if (pathname.startsWith('//')) return undefined
  return pathname + search + hash
}
