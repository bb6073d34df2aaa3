import { ConfigurationError } from '../errors/configuration-error.ts'
import { assertText } from './server-options.ts'

/** What tokens a request asks for. */
export interface ScopeAndResource {
  readonly scope?: string
  readonly resource?: string | readonly string[]
}

/**
 * The request parameters `scope` and `resource`.
 * @throws ConfigurationError when one is malformed
 * @see RFC 6749, section 3.3; RFC 8707, section 2
 */
export function readScopeAndResource({ scope, resource }: ScopeAndResource): [string, string][] {
  const parameters: [string, string][] = []
  if (scope !== undefined) {
    assertText(scope, 'scope')
    parameters.push(['scope', scope])
  }
  if (resource === undefined) return parameters
  for (const uri of typeof resource === 'string' ? [resource] : readList(resource)) {
    if (typeof uri !== 'string' || !URL.canParse(uri) || uri.includes('#')) {
      throw new ConfigurationError('resource', 'must be an absolute URI without fragment, or an array of them')
    }
    parameters.push(['resource', uri])
  }
  return parameters
}

function readList(resource: unknown): readonly unknown[] {
  if (Array.isArray(resource)) return resource
  throw new ConfigurationError('resource', 'must be an absolute URI without fragment, or an array of them')
}
