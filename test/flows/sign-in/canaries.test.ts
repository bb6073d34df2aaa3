import { isSignInError, type SignInErrorCode } from '@authchart/core'
import {
  type AuthorizationOptions,
  type AuthorizationTransaction,
  beginAuthorization,
  clientSecretPost,
  completeAuthorization,
} from '@authchart/core/oauth'
import { signInByLoopback } from '@authchart/node-store/loopback'
import {
  type AuthorizationServer,
  createBrowser,
  oauthError,
  startAuthorizationServer,
  type TokenResponseMembers,
  tokenAnswers,
} from '@authchart/test/authorization-server'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { findSecrets } from '../../support/find-secrets.ts'
import { createIdToken } from '../../support/id-tokens.ts'
import fc from '../../support/properties.ts'
import { sessionKey } from '../../support/signed-in-session.ts'
import { canaryClient, confidentialClient, openWatchedSession } from '../../support/watched-session.ts'

const byCode = { grantType: 'authorization_code' }

let server: AuthorizationServer

beforeAll(async () => {
  server = await startAuthorizationServer({
    lifetimes: { accessToken: 3600 },
    clients: [confidentialClient(canaryClient)],
  })
})
afterEach(async () => {
  server.faults.clear()
  await server.comeBack()
})
afterAll(() => server.close())

const client = () => ({
  issuer: server.issuer,
  clientId: canaryClient.id,
  clientAuthentication: clientSecretPost(canaryClient.secret),
})

/** Every secret of the sign-ins of one test: those of the transactions, the codes, and whatever was issued. */
function collectSecrets() {
  const secrets = new Set([canaryClient.secret])
  const add = (...found: unknown[]) => {
    for (const secret of found) if (typeof secret === 'string' && secret.length >= 12) secrets.add(secret)
  }
  return { secrets, add }
}

async function goThrough(add: (...secrets: unknown[]) => void, options: Partial<AuthorizationOptions> = {}) {
  const request = { ...client(), redirectUri: server.redirectUri, scope: 'openid offline_access', prompt: 'consent' }
  const { url, transaction } = await beginAuthorization({ ...request, ...options })
  const callback = await createBrowser().visit(url, { until: server.redirectUri })
  add(transaction.state, transaction.codeVerifier, transaction.nonce, callback.searchParams.get('code'))
  return { transaction, callback }
}

/** Has the server issue other members than it meant to, and remembers what was in them. */
function alter(add: (...secrets: unknown[]) => void, change: (members: TokenResponseMembers) => TokenResponseMembers) {
  server.faults.alterAnswer((members) => {
    const changed = change(members)
    add(...Object.values(members), ...Object.values(changed))
    return changed
  }, byCode)
}

function claimsOf({ id_token }: TokenResponseMembers): Record<string, unknown> {
  const payload = String(id_token).split('.')[1] ?? ''
  return JSON.parse(Buffer.from(payload, 'base64url').toString()) as Record<string, unknown>
}

const withClaims = (changes: Record<string, unknown>) => (members: TokenResponseMembers) => ({
  ...members,
  id_token: createIdToken({ ...claimsOf(members), ...changes }),
})

type Completion = (
  begun: { transaction: AuthorizationTransaction; callback: URL },
  add: (...secrets: unknown[]) => void,
) => Promise<unknown>

const complete: Completion = ({ transaction, callback }) => completeAuthorization(transaction, callback, client())

function changed(change: (callback: URL) => void): Completion {
  return (begun, add) => {
    const callback = new URL(begun.callback)
    change(callback)
    return complete({ ...begun, callback }, add)
  }
}

function altered(change: (members: TokenResponseMembers) => TokenResponseMembers): Completion {
  return (begun, add) => {
    alter(add, change)
    return complete(begun, add)
  }
}

const failures: readonly [name: string, code: SignInErrorCode, completion: Completion][] = [
  ['another state', 'callbackRejected', changed((url) => url.searchParams.set('state', 'x'.repeat(43)))],
  ['another issuer', 'callbackRejected', changed((url) => url.searchParams.set('iss', 'https://mallory.example'))],
  ['no issuer', 'callbackRejected', changed((url) => url.searchParams.delete('iss'))],
  ['another code', 'callbackRejected', changed((url) => url.searchParams.set('code', 'y'.repeat(43)))],
  ['an error', 'refused', changed((url) => url.searchParams.set('error', 'access_denied'))],
  [
    'an error that quotes the code and the state',
    'refused',
    changed(({ searchParams }) => searchParams.set('error', `${searchParams.get('code')}${searchParams.get('state')}`)),
  ],
  ['a server in trouble', 'unavailable', changed((url) => url.searchParams.set('error', 'temporarily_unavailable'))],
  [
    'a code that was used',
    'callbackRejected',
    async (begun, add) => {
      alter(add, (members) => members)
      await complete(begun, add)
      return complete(begun, add)
    },
  ],
  [
    'a transaction without a verifier',
    'callbackRejected',
    ({ transaction, callback }) => {
      const { codeVerifier, ...rest } = transaction
      return completeAuthorization(rest as never, callback, client())
    },
  ],
  [
    'a transaction from long ago',
    'expired',
    ({ transaction, callback }) => completeAuthorization({ ...transaction, startedAt: 0 }, callback, client()),
  ],
  ['an id token for another client', 'idTokenRejected', altered(withClaims({ aud: 'another-client' }))],
  ['an id token of another issuer', 'idTokenRejected', altered(withClaims({ iss: 'https://mallory.example' }))],
  ['an id token that has expired', 'idTokenRejected', altered(withClaims({ exp: 1 }))],
  ['an id token for another sign-in', 'idTokenRejected', altered(withClaims({ nonce: 'z'.repeat(43) }))],
  ['an id token without a nonce', 'idTokenRejected', altered(withClaims({ nonce: undefined }))],
  ['an id token without a subject', 'idTokenRejected', altered(withClaims({ sub: undefined }))],
  ['an id token that is none', 'idTokenRejected', altered((members) => ({ ...members, id_token: 'no.id.token' }))],
  ['no id token', 'idTokenRejected', altered((members) => ({ ...members, id_token: undefined }))],
  ['no access token', 'unusableTokens', altered((members) => ({ ...members, access_token: undefined }))],
  ...(
    [
      ['a refusal of the client', 'refused', tokenAnswers.invalidClient],
      ['a server that is throttled', 'unavailable', tokenAnswers.throttledInvalidGrant],
      ['a firewall’s page', 'unavailable', tokenAnswers.htmlForbidden],
      ['a captive portal', 'unusableTokens', tokenAnswers.htmlSuccess],
      ['broken JSON', 'unavailable', tokenAnswers.brokenJson],
      ['a server that says so', 'unavailable', tokenAnswers.serverError],
    ] as const
  ).map(([name, code, answer]): [string, SignInErrorCode, Completion] => [
    name,
    code,
    (begun, add) => {
      server.faults.answerWith(answer, byCode)
      return complete(begun, add)
    },
  ]),
  [
    'an answer that quotes what it was sent',
    'refused',
    (begun, add) => {
      const { codeVerifier } = begun.transaction
      const code = String(begun.callback.searchParams.get('code'))
      const description = `bad ${code} ${codeVerifier} ${canaryClient.secret}`
      server.faults.answerWith(oauthError(`no_${code}`, { description }), byCode)
      return complete(begun, add)
    },
  ],
  [
    'an answer that was lost',
    'unavailable',
    (begun, add) => {
      server.faults.dropAnswerAfterCommit(byCode)
      return complete(begun, add)
    },
  ],
  [
    'a server that is down',
    'unavailable',
    async (begun, add) => {
      await server.goDown()
      return complete(begun, add)
    },
  ],
]

describe('P55 a sign-in that fails', () => {
  test.each(failures)('P55 by %s is a SignInError, changes no session and leaks nothing', async (_name, code, work) => {
    const { secrets, add } = collectSecrets()
    await using watched = openWatchedSession(server)
    await watched.signIn()
    const before = JSON.stringify(await watched.store.peek(sessionKey))
    const begun = await goThrough(add)
    const error = await work(begun, add).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    expect(isSignInError(error) && error.code).toBe(code)
    expect(findSecrets(error, [...secrets, ...watched.secrets()])).toEqual([])
    expect(String(error)).not.toContain('http')
    expect(JSON.stringify(await watched.store.peek(sessionKey))).toBe(before)
    expect(watched.session.getSnapshot().status).toBe('fresh')
  })

  test('P55 by a pushed request that is refused leaks nothing', async () => {
    const sent: unknown[] = []
    const options = {
      ...client(),
      redirectUri: 'http://127.0.0.1/not-registered',
      scope: 'openid',
      pushRequest: true,
      async fetch(url: string, init: RequestInit) {
        if (init.body instanceof URLSearchParams) sent.push(...init.body.values())
        return fetch(url, init)
      },
    }
    const error = await beginAuthorization(options).catch((thrown: unknown) => thrown)
    expect(isSignInError(error) && error.code).toBe('refused')
    const secrets = sent.filter((value) => typeof value === 'string' && value.length > 40 && !value.includes('/'))
    expect(secrets.length).toBeGreaterThanOrEqual(3)
    expect(findSecrets(error, [canaryClient.secret, ...(secrets as string[])])).toEqual([])
  })

  test('P55 at the loopback interface leaks nothing, and changes no session', async () => {
    const { secrets, add } = collectSecrets()
    await using watched = openWatchedSession(server)
    await watched.signIn()
    const before = JSON.stringify(await watched.store.peek(sessionKey))
    const signIn = (changes: object, visit: (callback: URL) => void = () => {}) =>
      signInByLoopback(watched.session, {
        ...client(),
        scope: 'openid offline_access',
        prompt: 'consent',
        loginHint: 'mallory',
        onUrl: () => {},
        async openBrowser(url) {
          const { searchParams } = new URL(url)
          add(searchParams.get('state'), searchParams.get('nonce'))
          const until = String(searchParams.get('redirect_uri'))
          const callback = await createBrowser().visit(url, { until })
          add(callback.searchParams.get('code'))
          visit(callback)
          const page = await (await fetch(callback)).text()
          expect(findSecrets(page, secrets)).toEqual([])
        },
        ...changes,
      })
    await watched.attempt(signIn({}))
    await watched.attempt(signIn({}, (callback) => callback.searchParams.set('iss', 'https://mallory.example')))
    await watched.attempt(signIn({ openBrowser: () => {}, timeoutMilliseconds: 50 }))
    server.denyNextConsent()
    await watched.attempt(signIn({}))
    server.faults.answerWith(tokenAnswers.invalidGrant, byCode)
    await watched.attempt(signIn({}))
    const { errors } = watched.evidence
    const codes = errors.map((error) => isSignInError(error) && error.code)
    expect(codes).toEqual(['subjectMismatch', 'callbackRejected', 'timeout', 'refused', 'callbackRejected'])
    expect(findSecrets(errors, [...secrets, ...watched.secrets()])).toEqual([])
    expect(JSON.stringify(await watched.store.peek(sessionKey))).toBe(before)
  })
})

describe('P55 a fuzzed callback', () => {
  const name = fc.constantFrom('code', 'state', 'iss', 'error', 'response', 'id_token', 'token', 'error_description')
  const parameter = fc.tuple(name, fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'access_denied')))

  /** What came back, or parts of it put together anew. */
  const fuzzed = (callback: URL) =>
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.webUrl({ withQueryParameters: true, withFragments: true }),
      fc.constantFrom(...callback.href).map((character) => callback.href.replaceAll(character, '')),
      fc.nat(callback.href.length - 1).map((end) => callback.href.slice(0, end)),
      // With the right state, each of these gets as far as it can.
      fc.tuple(fc.subarray([...callback.searchParams]), fc.array(parameter)).map(([kept, added]) => {
        const url = new URL(callback)
        url.search = new URLSearchParams([['state', String(callback.searchParams.get('state'))]]).toString()
        for (const [key, value] of [...added, ...kept]) if (key !== 'state') url.searchParams.append(key, value)
        return url.href
      }),
    )

  test('P55 is a SignInError, or the sign-in that it is; leaks nothing', async () => {
    const { secrets, add } = collectSecrets()
    const { transaction, callback } = await goThrough(add)
    // Nothing is exchanged here: whatever gets so far counts as refused.
    server.faults.answerWith(tokenAnswers.invalidGrant, { ...byCode, times: Number.POSITIVE_INFINITY })
    const codes = new Set<string>()
    await fc.assert(
      fc.asyncProperty(fuzzed(callback), async (url) => {
        const error = await completeAuthorization(transaction, url, client()).catch((thrown: unknown) => thrown)
        if (!isSignInError(error)) throw new Error(`No SignInError: ${error}`, { cause: error })
        codes.add(error.code)
        const found = findSecrets(error, secrets)
        if (found.length > 0) throw new Error(`Leaks ${found.length} secrets in ${error.code}`)
      }),
      { numRuns: 400, examples: [[`${callback.href}&error=access_denied`]] },
    )
    expect([...codes].sort()).toEqual(expect.arrayContaining(['callbackRejected', 'refused']))
    server.faults.clear()
    await completeAuthorization(transaction, callback, client())
  })

  test('P55 a fuzzed transaction is a SignInError too', async () => {
    const { secrets, add } = collectSecrets()
    const { transaction, callback } = await goThrough(add)
    server.faults.answerWith(tokenAnswers.invalidGrant, { ...byCode, times: Number.POSITIVE_INFINITY })
    const member = fc.constantFrom(...(Object.keys(transaction) as (keyof AuthorizationTransaction)[]))
    const kept = fc.oneof(
      fc.anything(),
      fc.tuple(member, fc.anything()).map(([key, value]) => ({ ...transaction, [key]: value })),
    )
    await fc.assert(
      fc.asyncProperty(kept, async (value) => {
        const error = await completeAuthorization(value as never, callback, client()).catch((thrown: unknown) => thrown)
        if (!isSignInError(error)) throw new Error(`No SignInError: ${error}`, { cause: error })
        if (findSecrets(error, secrets).length > 0) throw new Error(`Leaks in ${error.code}`)
      }),
      { numRuns: 200 },
    )
  })
})
