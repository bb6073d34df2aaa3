import { ConfigurationError } from './configuration-error.ts'

/** What an option may be: a test of the value, and the words that complete "The option `x` must be …". */
export interface OptionRule {
  accepts(value: unknown): boolean
  readonly expected: string
  /** Whether it must be given. Default `false`. */
  readonly required?: boolean
}

/** A rule for each option that a function knows. */
export type OptionRules<Options> = { readonly [Name in keyof Required<Options>]: OptionRule }

/**
 * Checks an object of options against a table. Absent and `undefined` are the same.
 *
 * @throws ConfigurationError that names the first option that is missing, malformed or unknown, and says what was
 *   expected; a misspelt option would otherwise be ignored
 */
export function checkOptions(options: unknown, rules: Readonly<Record<string, OptionRule>>): void {
  if (typeof options !== 'object' || options === null) throw new ConfigurationError('options', 'must be an object.')
  const given = options as Record<string, unknown>
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(rules, name)) {
      throw new ConfigurationError(name, `is not known; expected one of: ${Object.keys(rules).join(', ')}.`)
    }
  }
  for (const [name, { accepts, expected, required = false }] of Object.entries(rules)) {
    const value = given[name]
    if (value === undefined ? required : !accepts(value)) throw new ConfigurationError(name, `must be ${expected}.`)
  }
}

/**
 * The same rule for an option that must be given.
 * @__NO_SIDE_EFFECTS__
 */
export function required(rule: OptionRule): OptionRule {
  return { ...rule, required: true }
}

/**
 * A rule with its own test.
 * @__NO_SIDE_EFFECTS__
 */
export function ruleOf(expected: string, accepts: (value: unknown) => boolean): OptionRule {
  return { accepts, expected }
}

/** Whether a value is an object, and not a list. */
export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Whether a value is a string that is not empty. */
export function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

/** A text that says something; anything else counts as absent. */
export function textOf(value: unknown): string | undefined {
  return isText(value) ? value : undefined
}

function isFunction(value: unknown): value is (...parameters: never[]) => unknown {
  return typeof value === 'function'
}

/** A copy without the members that are undefined. */
export function withoutUndefined<Value extends object>(value: Value): Value {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as Value
}

/** A string that is not empty. */
export const text: OptionRule = ruleOf('a non-empty string', isText)
/** `true` or `false`. */
export const flag: OptionRule = ruleOf('true or false', (value) => typeof value === 'boolean')
/** A function. */
export const callable: OptionRule = ruleOf('a function', isFunction)
/** A duration in milliseconds. */
export const milliseconds: OptionRule = ruleOf(
  'a number of milliseconds, zero or more',
  (value) => typeof value === 'number' && value >= 0,
)

/**
 * An object with these methods.
 * @__NO_SIDE_EFFECTS__
 */
export function withMethods(...methods: string[]): OptionRule {
  return ruleOf(
    `an object with the methods ${methods.join(', ')}`,
    (value) => isObject(value) && methods.every((method) => isFunction(value[method])),
  )
}
