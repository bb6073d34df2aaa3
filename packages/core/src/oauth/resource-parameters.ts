import { ConfigurationError } from '../errors/configuration-error.ts'

/**
 * The resource servers that an access token is to be for, as a list of absolute URIs.
 *
 * @throws ConfigurationError for anything else
 * @see RFC 8707, section 2
 */
export function readResources(resource: string | readonly string[] = []): readonly string[] {
  const list = typeof resource === 'string' ? [resource] : resource
  if (Array.isArray(list) && list.every(isResource)) return list
  throw new ConfigurationError('resource', 'must be an absolute URI without fragment, or an array of them')
}

function isResource(uri: unknown): boolean {
  return typeof uri === 'string' && URL.canParse(uri) && !uri.includes('#')
}
