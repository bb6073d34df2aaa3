import { ConfigurationError, checkOptions, required, ruleOf, text } from '@authchart/core/store'

const limit = required(ruleOf('a whole number, 1 or more', (value) => Number.isSafeInteger(value) && Number(value) > 0))
const time = ruleOf('milliseconds since the epoch', Number.isFinite)
const after = ruleOf('a key', (value) => typeof value === 'string')

const pageRules = {
  limit,
  after,
  prefix: after,
  status: ruleOf('signedIn, signedOut or ended', (value) => ['signedIn', 'signedOut', 'ended'].includes(String(value))),
  refreshedBefore: time,
}
const eraseRules = {
  keys: ruleOf('a list of keys', (value) => Array.isArray(value) && value.every((key) => typeof key === 'string')),
  // An empty one is every session of every tenant.
  prefix: text,
}
const purgeRules = { olderThan: required(time) }
const resealRules = { limit, after }

/** @throws ConfigurationError */
export function checkPage(options: unknown): void {
  checkOptions(options, pageRules)
}

/** @throws ConfigurationError, for an empty prefix too */
export function checkErase(options: unknown): void {
  checkOptions(options, eraseRules)
  const { keys, prefix } = options as { keys?: unknown; prefix?: unknown }
  if ((keys === undefined) === (prefix === undefined))
    throw new ConfigurationError('keys', 'or `prefix` must be given.')
}

/** @throws ConfigurationError */
export function checkPurge(options: unknown): void {
  checkOptions(options, purgeRules)
}

/** @throws ConfigurationError */
export function checkReseal(options: unknown): void {
  checkOptions(options, resealRules)
}
