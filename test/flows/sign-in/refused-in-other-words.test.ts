import { isSignInError, type SignInErrorCode } from '@authchart/core'
import { beginAuthorization, completeAuthorization } from '@authchart/core/oauth'
import { expect, test } from 'vitest'
import { type HttpAnswer, jsonAnswer, writeAnswer } from '../../authorization-server/http-answer.ts'
import { startLoopbackServer } from '../../authorization-server/loopback-server.ts'

/** What an exchange of a code fails with at a server that answers so. */
async function exchangeAt(answer: HttpAnswer): Promise<unknown> {
  await using server = await startLoopbackServer((request, response) => {
    request.resume()
    void writeAnswer(response, answer)
  })
  const metadata = { authorization_endpoint: `${server.origin}/a`, token_endpoint: `${server.origin}/t` }
  const options = { issuer: server.origin, metadata, clientId: 'app', clientSecret: 'secret-of-the-app-0123456789' }
  const redirectUri = 'http://127.0.0.1/callback'
  const { transaction } = await beginAuthorization({ ...options, redirectUri })
  const callback = `${redirectUri}?code=code-0123456789abcdef&state=${transaction.state}`
  return await completeAuthorization(transaction, callback, options).catch((error: unknown) => error)
}

test.each<[string, HttpAnswer, SignInErrorCode, string | undefined, RegExp]>([
  [
    'a word in an object',
    jsonAnswer(400, { error: { code: 'invalid_grant' } }),
    'callbackRejected',
    'invalid_grant',
    /code/,
  ],
  [
    'Slack, of the client',
    jsonAnswer(200, { ok: false, error: 'bad_client_secret' }),
    'refused',
    'bad_client_secret',
    /refused/,
  ],
  [
    'Slack, of itself',
    jsonAnswer(200, { ok: false, error: 'internal_error' }),
    'unavailable',
    'internal_error',
    /later/,
  ],
  [
    'Okta, of the client',
    jsonAnswer(401, { errorCode: 'invalid_client' }),
    'refused',
    'invalid_client',
    /invalid_client/,
  ],
  [
    'Strava, of the client',
    jsonAnswer(400, { message: 'Bad Request', errors: [{ resource: 'Application', code: 'invalid' }] }),
    'refused',
    'Application.invalid',
    /Application\.invalid/,
  ],
  [
    'Notion, of itself',
    jsonAnswer(400, { code: 'service_unavailable' }),
    'unavailable',
    'service_unavailable',
    /later/,
  ],
  [
    'Twitch, in a sentence',
    jsonAnswer(403, { status: 403, message: 'invalid client secret' }),
    'unavailable',
    undefined,
    /"invalid client secret"/,
  ],
  [
    'HubSpot, in a sentence',
    jsonAnswer(400, { status: 'BAD_AUTH_CODE', message: 'missing or unknown auth code' }),
    'unavailable',
    undefined,
    /"missing or unknown auth code"/,
  ],
  [
    'a sentence that quotes the code',
    jsonAnswer(400, { message: 'The code code-0123456789abcdef was used.' }),
    'unavailable',
    undefined,
    /^(?!.*0123456789abcdef)/,
  ],
  ['nothing', { status: 400 }, 'unavailable', undefined, /without a reason/],
])(
  'a sign-in tells what the server says, wherever that stands: %s',
  async (_name, answer, code, serverCode, message) => {
    const error = await exchangeAt(answer)
    if (!isSignInError(error)) throw error
    const { serverCode: word } = error
    expect({ code: error.code, word, message: error.message }).toEqual({
      code,
      word: serverCode,
      message: expect.stringMatching(message),
    })
  },
)
