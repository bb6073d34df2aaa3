import { ConfigurationError } from '@authchart/core/store'

/** @throws ConfigurationError unless it is the path of a folder */
export function requireDirectory(directory: unknown): string {
  if (typeof directory === 'string' && directory !== '' && !directory.includes('\0')) return directory
  throw new ConfigurationError('directory', 'must be the path of a folder.')
}
