/** The names of all tenants of Microsoft Entra; in their metadata it writes `{tenantid}`. */
const anyTenant: ReadonlySet<string> = new Set(['common', 'organizations', 'consumers'])

/** Where one server speaks for many tenants, whose issuers are named by numbers and not by what apps write. */
const entraHost =
  /^https:\/\/(login\.microsoftonline\.(com|us)|login\.partner\.microsoftonline\.cn|sts\.windows\.net|[\w-]+\.(b2c|ciam)login\.com)\//

/**
 * Whether two issuer identifiers name the same authorization server. A slash at the end makes no difference, nor does a
 * missing `https://`, which Google leaves out at times.
 *
 * @see OpenID Connect Discovery 1.0, section 4, for the slash
 */
export function isSameIssuer(one: string | undefined, other: string | undefined): boolean {
  return one !== undefined && other !== undefined && bare(one) === bare(other)
}

/**
 * Whether the authorization server that an app knows by one issuer may speak by the name of another one: the same, or
 * that of a tenant of Microsoft Entra. It then names it in its metadata, or in an id token.
 *
 * @param named as the server or a token says it; perhaps a template such as `https://login.example/{tenantid}/v2.0`
 * @param issuer as the app wrote it
 */
export function isIssuerOf(named: string, issuer: string): boolean {
  const isOfEntra = entraHost.test(named) && entraHost.test(issuer)
  return isOfEntra || isSame(named, issuer, isTenantOf)
}

/** A realm or a folder further down may be called `common` as well. */
function isTenantOf(own: string, known: string, isFirst: boolean): boolean {
  return own === '{tenantid}' || known === '{tenantid}' || (isFirst && anyTenant.has(known))
}

/**
 * Whether an id token is of the issuer that the metadata names, which may be a template.
 *
 * @param tenant the claim `tid`, if there is one
 */
export function isIssuerOfToken(iss: string, issuer: string, tenant: unknown): boolean {
  return isSame(iss, issuer, (own, known) => known === '{tenantid}' && (tenant === undefined || tenant === own))
}

/** Compares segment by segment; those of a tenant may differ. */
function isSame(
  one: string,
  other: string,
  isTenant: (one: string, other: string, isFirst: boolean) => boolean,
): boolean {
  const own = bare(one).split('/')
  const known = bare(other).split('/')
  const host = known[0] === 'http:' ? 2 : 0
  return (
    own.length === known.length &&
    known.every(
      (segment, at) => segment === own[at] || (at > host && isTenant(own[at] ?? '', segment, at === host + 1)),
    )
  )
}

/** The host of a URL does not mind capitals, nor the port that goes without saying. */
function bare(issuer: string): string {
  const spelt = issuer.includes('{') || !URL.canParse(issuer) ? issuer : new URL(issuer).href
  return spelt.replace(/^https:\/\//, '').replace(/\/$/, '')
}
