import { describe, expect, it } from 'vitest'
import {
  callable,
  checkOptions,
  flag,
  milliseconds,
  type OptionRule,
  required,
  ruleOf,
  text,
  withMethods,
} from './check-options.ts'
import { isConfigurationError } from './configuration-error.ts'

const rules = { key: required(text), debug: callable, size: ruleOf('a number', (value) => typeof value === 'number') }

function problemOf(options: unknown, table: Record<string, OptionRule> = rules): string | undefined {
  try {
    checkOptions(options, table)
    return undefined
  } catch (error) {
    if (!isConfigurationError(error)) throw error
    return error.message
  }
}

describe('options', () => {
  it.each<{ name: string; options: unknown; problem: string | undefined }>([
    { name: 'that are right are taken', options: { key: 'k', debug: () => {}, size: 0 }, problem: undefined },
    { name: 'may be left out', options: { key: 'k' }, problem: undefined },
    { name: 'that are undefined are left out', options: { key: 'k', debug: undefined }, problem: undefined },
    {
      name: 'that must be given must not be left out',
      options: {},
      problem: 'The option `key` must be a non-empty string.',
    },
    {
      name: 'that must be given must not be undefined',
      options: { key: undefined },
      problem: 'The option `key` must be a non-empty string.',
    },
    {
      name: 'that are null are not left out',
      options: { key: 'k', debug: null },
      problem: 'The option `debug` must be a function.',
    },
    {
      name: 'that are malformed are named',
      options: { key: '' },
      problem: 'The option `key` must be a non-empty string.',
    },
    {
      name: 'that are unknown are named, with those that are known',
      options: { key: 'k', debugg: () => {} },
      problem: 'The option `debugg` is not known; expected one of: key, debug, size.',
    },
    {
      name: 'that are unknown are named even where they are undefined',
      options: { key: 'k', debugg: undefined },
      problem: 'The option `debugg` is not known; expected one of: key, debug, size.',
    },
    {
      name: 'of the same name as a method of every object are unknown',
      options: { key: 'k', toString: 1 },
      problem: 'The option `toString` is not known; expected one of: key, debug, size.',
    },
    { name: 'must be an object', options: undefined, problem: 'The option `options` must be an object.' },
    { name: 'must not be null', options: null, problem: 'The option `options` must be an object.' },
    { name: 'must not be text', options: 'key', problem: 'The option `options` must be an object.' },
  ])('$name', ({ options, problem }) => {
    expect(problemOf(options)).toBe(problem)
  })

  it('are read through getters and prototypes of the app, where they are given so', () => {
    class Options {
      get key() {
        return 'k'
      }
    }
    expect(problemOf(new Options())).toBeUndefined()
  })
})

describe('the rule', () => {
  const circle = { area() {}, scale: () => {} }
  it.each([
    { name: 'text', rule: text, accepts: ['a', ' '], refuses: ['', 1, null, ['a'], {}] },
    { name: 'flag', rule: flag, accepts: [true, false], refuses: [0, 1, 'true', null] },
    { name: 'callable', rule: callable, accepts: [() => {}, async () => {}, class {}], refuses: [{}, 'f', null] },
    {
      name: 'milliseconds',
      rule: milliseconds,
      accepts: [0, 0.5, 1e15, Number.POSITIVE_INFINITY],
      refuses: [-1, Number.NaN, '5', null, 5n],
    },
    {
      name: 'withMethods',
      rule: withMethods('area', 'scale'),
      accepts: [circle, Object.create(circle)],
      refuses: [{ area() {} }, { ...circle, scale: 2 }, [], null, 'area'],
    },
  ])('$name knows what it takes', ({ name, rule, accepts, refuses }) => {
    for (const value of accepts) expect.soft(rule.accepts(value), String(value)).toBe(true)
    for (const value of refuses) expect.soft(rule.accepts(value), JSON.stringify({ name })).toBe(false)
  })

  it('withMethods says which', () => {
    expect(withMethods('read', 'lease').expected).toBe('an object with the methods read, lease')
  })

  it('that is required is the same rule', () => {
    expect(required(flag)).toEqual({ ...flag, required: true })
    expect(flag.required).toBeUndefined()
  })
})
