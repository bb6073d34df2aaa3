import {
  checkOptions,
  flag,
  isObject,
  milliseconds,
  type OptionRule,
  required,
  ruleOf,
} from '../../errors/check-options.ts'
import type { TokenEndpointFault } from './options.ts'

const kind = required(ruleOf('"answer", "cut" or "delay"', (value) => Object.hasOwn(members, String(value))))

const members: Readonly<Record<TokenEndpointFault['kind'], Readonly<Record<string, OptionRule>>>> = {
  answer: {
    status: required(ruleOf('an HTTP status from 200 to 599', isStatus)),
    body: ruleOf('a string or an object', (value) => typeof value === 'string' || isObject(value)),
    headers: ruleOf('an object', isObject),
    retryAfter: ruleOf('a number of seconds or a date', (value) => ['number', 'string'].includes(typeof value)),
  },
  cut: {},
  delay: { milliseconds: required(milliseconds) },
}

/** @throws ConfigurationError for a fault that no token request could have: it would be passed over */
export function checkFault(fault: TokenEndpointFault): void {
  checkOptions({ kind: fault.kind }, { kind })
  checkOptions(fault, { kind, afterCommit: flag, ...members[fault.kind] })
}

function isStatus(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 200 && Number(value) <= 599
}
