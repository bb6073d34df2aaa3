import { ConfigurationError } from '../errors/configuration-error.ts'

/**
 * The resource servers that an access token is to be for, as a list of absolute URIs.
 *
 * @throws ConfigurationError for anything else
 * @see RFC 8707, section 2
 */
export function readResources(resource: string | readonly string[] | undefined): readonly string[] {
  if (resource === undefined) return []
  const list: readonly unknown[] = typeof resource === 'string' ? [resource] : readList(resource)
  return list.map((uri) => {
    if (typeof uri !== 'string' || !URL.canParse(uri) || uri.includes('#')) throw malformed()
    return uri
  })
}

function readList(resource: unknown): readonly unknown[] {
  if (Array.isArray(resource)) return resource
  throw malformed()
}

function malformed(): ConfigurationError {
  return new ConfigurationError('resource', 'must be an absolute URI without fragment, or an array of them')
}
