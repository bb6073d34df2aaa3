/** What Microsoft Entra writes in place of a tenant: in the metadata of many tenants, and in the names of them all. */
const anyTenant: ReadonlySet<string> = new Set(['{tenantid}', 'common', 'organizations', 'consumers'])

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
  if (isSameIssuer(named, issuer) || (entraHost.test(named) && entraHost.test(issuer))) return true
  const own = bare(named).split('/')
  const known = bare(issuer).split('/')
  const differing = known.flatMap((segment, index) => (segment === own[index] ? [] : [index]))
  const [tenant = 0] = differing
  return (
    own.length === known.length &&
    differing.length === 1 &&
    tenant > 0 &&
    (anyTenant.has(known[tenant] ?? '') || own[tenant] === '{tenantid}')
  )
}

/** The issuer that tokens of a tenant name, where the server's metadata has a template. */
export function issuerOfTenant(template: string, tenant: unknown): string {
  return typeof tenant === 'string' ? template.replace('{tenantid}', () => tenant) : template
}

/** The host of a URL does not mind capitals, nor the port that goes without saying. */
function bare(issuer: string): string {
  const spelt = issuer.includes('{') || !URL.canParse(issuer) ? issuer : new URL(issuer).href
  return spelt.replace(/^https:\/\//, '').replace(/\/$/, '')
}
