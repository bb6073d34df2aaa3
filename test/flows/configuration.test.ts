import {
  createSession,
  isConfigurationError,
  memoryStore,
  type SessionOptions,
  type SessionStore,
} from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { clientSecretBasic, clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import { createSimulatedClock } from '@authchart/core/testing'
import { describe, expect, test } from 'vitest'
import { createTroubledStore } from '../support/troubled-store.ts'

const issuer = 'https://login.acme.example'
const valid = {
  key: 'acme:alice',
  store: memoryStore(),
  grant: refreshTokenGrant({ issuer, clientId: 'acme-cli' }),
} satisfies SessionOptions

function without(store: SessionStore, method: keyof SessionStore): unknown {
  return { ...store, [method]: undefined }
}

type Grouped<Group extends 'http' | 'runtime'> = `${Group}.${keyof NonNullable<SessionOptions[Group]> & string}`

/** By option: what may not be given for it, and what the message says instead; `undefined` where it may be left out. */
const malformed: Record<
  keyof SessionOptions | Grouped<'http'> | Grouped<'runtime'>,
  { expected: RegExp; values: unknown[]; required?: true }
> = {
  key: { required: true, expected: /non-empty string/, values: [undefined, null, '', 7, ['acme']] },
  store: {
    required: true,
    expected: /methods read, compareAndSet, lease, watch, list/,
    values: [undefined, null, 'memory', {}, memoryStore, without(valid.store, 'read'), without(valid.store, 'list')],
  },
  grant: {
    required: true,
    expected: /must be a grant, such as refreshTokenGrant/,
    values: [
      undefined,
      null,
      'refresh_token',
      {},
      { ...valid.grant, refresh: undefined },
      { ...valid.grant, needsRefreshToken: 'yes' },
      { ...valid.grant, identity: undefined },
      { ...valid.grant, revoke: 'no' },
    ],
  },
  allowedOrigins: {
    expected: /origin/,
    values: [
      null,
      'https://api.acme.example',
      [7],
      ['api.acme.example'],
      ['https://api.acme.example/v1'],
      ['https://api.acme.example?a=1'],
      ['https://alice:secret@api.acme.example'],
      ['data:text/plain,a'],
      ['*'],
    ],
  },
  http: { expected: /an object/, values: [null, 'Bearer', []] },
  runtime: { expected: /an object/, values: [null, 7] },
  'http.header': { expected: /header name/, values: [null, '', 7, 'not a name', 'Authorization:', 'a\nb'] },
  'http.scheme': { expected: /such as "Bearer"/, values: [null, 7, 'a\r\nb', 'two words', 'Bearér'] },
  'http.rejectedStatuses': {
    expected: /from 200 to 599/,
    values: [null, 403, ['403'], [199], [600], [403.5], [Number.NaN]],
  },
  refreshTiming: { expected: /"eager", "always" or "onUse"/, values: [null, 'lazy', true, ''] },
  refreshMarginMilliseconds: { expected: /milliseconds/, values: [null, -1, Number.NaN, '10', true] },
  'http.isRejected': { expected: /must be a function/, values: [null, true, {}] },
  maximumWaitMilliseconds: { expected: /milliseconds/, values: [null, -1, Number.NaN, '10', true] },
  giveUpAfterMilliseconds: { expected: /milliseconds/, values: [null, -1, Number.NaN, '10', true] },
  disposeTimeoutMilliseconds: { expected: /milliseconds/, values: [null, -1, Number.NaN, '10', true] },
  signInHint: { expected: /must be a string/, values: [null, 7, ['run']] },
  classifyFailure: { expected: /must be a function/, values: [null, 'ended', {}] },
  debug: { expected: /must be a function/, values: [null, true, console] },
  'runtime.clock': { expected: /methods now, setTimeout, clearTimeout/, values: [null, Date, {}, { now: () => 0 }] },
  'runtime.random': { expected: /must be a function/, values: [null, 0.5, {}] },
  'runtime.environment': {
    expected: /methods isOnline, subscribe/,
    values: [null, {}, 'node', { isOnline: () => true }],
  },
}

function withOption(option: string, value: unknown): SessionOptions {
  const [group = '', name] = option.split('.')
  return { ...valid, [group]: name === undefined ? value : { [name]: value } } as unknown as SessionOptions
}

describe('each option of createSession', () => {
  const table = Object.entries(malformed).flatMap(([option, { values, expected }]) =>
    values.map((value) => ({ option, value, expected, text: describeValue(value) })),
  )

  test.each(table)('throws a ConfigurationError at once: $option $text', ({ option, value, expected }) => {
    const error = errorOf(() => createSession(withOption(option, value)))
    expect(isConfigurationError(error) && error.option.replace(/\[\d+\]$/, '')).toBe(option)
    expect(String(error)).toMatch(expected)
    expect(String(error)).toContain(`\`${option}`)
  })

  test('may be left out or undefined, unless it is required', async () => {
    for (const [option, { required }] of Object.entries(malformed)) {
      if (required === true) continue
      await using _session = createSession(withOption(option, undefined))
    }
  })

  test('throws when it is not known, and names those that are', () => {
    const error = errorOf(() => createSession({ ...valid, alowedOrigins: [] } as unknown as SessionOptions))
    expect(isConfigurationError(error) && error.option).toBe('alowedOrigins')
    const known = /expected one of: (.*)\.$/.exec(String(error))?.[1]?.split(', ')
    // The table above is about every option there is.
    expect(known?.toSorted()).toEqual(
      Object.keys(malformed)
        .filter((name) => !name.includes('.'))
        .toSorted(),
    )
  })

  test.each([undefined, null, 'acme:alice', 7])('the options themselves: %s', (options) => {
    const error = errorOf(() => createSession(options as unknown as SessionOptions))
    expect(isConfigurationError(error) && error.option).toBe('options')
  })

  test('a token is not sent in the clear, except to loopback', async () => {
    const error = errorOf(() => createSession({ ...valid, allowedOrigins: ['http://api.acme.example'] }))
    expect(isConfigurationError(error) && error.option).toBe('allowedOrigins[0]')
    expect(String(error)).toContain('https')
    const allowedOrigins = ['http://127.0.0.1:8080', 'http://localhost:8080', 'https://api.acme.example']
    await using _session = createSession({ ...valid, allowedOrigins })
  })

  test('a malformed option leaves nothing behind: no watch, no timer, no call', () => {
    const store = createTroubledStore()
    const clock = createSimulatedClock()
    errorOf(() => createSession({ ...valid, store, clock, signInHint: 7 } as unknown as SessionOptions))
    expect(store.watches).toBe(0)
    expect(store.calls).toEqual({ read: 0, compareAndSet: 0, lease: 0, watch: 0 })
    expect(clock.timers).toBe(0)
  })
})

type GrantOptions = Parameters<typeof refreshTokenGrant>[0]

const malformedGrants: [option: string, values: unknown[]][] = [
  [
    'issuer',
    [
      undefined,
      null,
      '',
      'acme',
      7,
      `${issuer}?a=1`,
      `${issuer}#a`,
      'http://login.acme.example',
      `${issuer}/.well-known/openid-configuration`,
    ],
  ],
  ['clientId', [undefined, null, '', 7]],
  ['clientSecret', [null, '', 7]],
  ['clientAuthentication', [null, 'basic', {}]],
  ['dynamicallyRegistered', [null, 'yes', 1]],
  ['metadata', [null, 'metadata']],
  ['metadata.issuer', [{ issuer: 'acme' }, { issuer: 'https://elsewhere.example', token_endpoint: `${issuer}/token` }]],
  ['metadata.token_endpoint', [{ issuer, token_endpoint: 'http://login.acme.example/token' }]],
  ['metadata.revocation_endpoint', [{ issuer, token_endpoint: `${issuer}/token`, revocation_endpoint: 'revoke' }]],
  ['fetch', [null, 'fetch', {}]],
  ['scope', [null, '', 7, ['openid']]],
  ['resource', [null, 7, 'not a URI', 'https://api.acme.example#a', ['https://api.acme.example', 7]]],
  ['clientID', ['acme-cli']],
]

describe('each option of refreshTokenGrant', () => {
  const table = malformedGrants.flatMap(([option, values]) =>
    values.map((value) => ({ option, value, text: describeValue(value) })),
  )

  test.each(table)('throws a ConfigurationError at once: $option $text', ({ option, value }) => {
    const [name = ''] = option.split('.')
    const error = errorOf(() => refreshTokenGrant({ issuer, clientId: 'acme-cli', [name]: value } as GrantOptions))
    expect(isConfigurationError(error) && error.option).toBe(option)
  })

  test('a secret and an authentication exclude each other, and a secret is not empty', () => {
    const clientAuthentication = clientSecretPost('secret')
    const both = () => refreshTokenGrant({ issuer, clientId: 'acme', clientSecret: 'secret', clientAuthentication })
    for (const act of [both, () => clientSecretBasic(''), () => clientSecretPost('')]) {
      const error = errorOf(act)
      expect(isConfigurationError(error) && error.option).toBe('clientSecret')
      expect(String(error)).not.toContain('secret"')
    }
  })
})

describe('each option of createFetch', () => {
  test.each([
    ['fetch', null],
    ['fetch', 'fetch'],
    ['cloneRequestBodies', null],
    ['cloneRequestBodies', 'yes'],
    ['cloneBodies', true],
  ])('throws a ConfigurationError at once: %s %s', async (option, value) => {
    await using session = createSession(valid)
    const error = errorOf(() => createFetch(session, { [option]: value } as Parameters<typeof createFetch>[1]))
    expect(isConfigurationError(error) && error.option).toBe(option)
  })

  test('the options themselves', async () => {
    await using session = createSession(valid)
    const error = errorOf(() => createFetch(session, null as unknown as Parameters<typeof createFetch>[1]))
    expect(isConfigurationError(error) && error.option).toBe('options')
  })
})

function errorOf(act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    return error
  }
  throw new Error('Expected a throw.')
}

function describeValue(value: unknown): string {
  return typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value))
}
