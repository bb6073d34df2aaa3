import { ConfigurationError } from './configuration-error.ts'

/**
 * Refuses an unknown option: a misspelt one would be ignored silently.
 * @throws ConfigurationError that names it, and those that are known
 */
export function rejectUnknownOptions(options: object, known: Readonly<Record<string, true>>): void {
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name))
  if (unknown !== undefined) {
    throw new ConfigurationError(unknown, `is not known; expected one of: ${Object.keys(known).join(', ')}.`)
  }
}
