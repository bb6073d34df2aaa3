import { apiAnswers, type HttpAnswer, jsonAnswer } from '@authchart/test/authorization-server'
import { describe, expect, test } from 'vitest'
import { collectNotices, noticesOf } from '../../support/notices.ts'
import { doors } from './doors.ts'
import { startFixture } from './fixture.ts'

function refusal(status: number, challenge: string): HttpAnswer {
  return jsonAnswer(status, { message: 'more is wanted' }, { 'www-authenticate': challenge })
}

describe.each(doors)('P30 a step-up through $name', ({ open }) => {
  test.each<[string, HttpAnswer, object | undefined]>([
    ['a scope', apiAnswers.insufficientScope, { scope: 'write' }],
    [
      'another way to sign in, not long ago',
      apiAnswers.insufficientUserAuthentication,
      { acrValues: 'urn:example:strong', maxAge: 60 },
    ],
    [
      'all of it, in a challenge among others',
      refusal(
        401,
        'Negotiate, Bearer realm="api, v2", error="insufficient_user_authentication", scope="read write", acr_values="a b", max_age=5, resource_metadata="https://api.example/.well-known/oauth-protected-resource"',
      ),
      {
        scope: 'read write',
        acrValues: 'a b',
        maxAge: 5,
        resourceMetadata: 'https://api.example/.well-known/oauth-protected-resource',
      },
    ],
    ['nothing in particular', refusal(403, 'Bearer error="insufficient_scope"'), undefined],
    [
      'what no client can use',
      refusal(
        403,
        `Bearer error="insufficient_scope", max_age="-1", resource_metadata="::", scope="${'x'.repeat(3000)}"`,
      ),
      undefined,
    ],
  ])('says that the API wants %s', async (_name, answer, challenge) => {
    await using fixture = await startFixture()
    const { session, api, server } = fixture
    const notices = collectNotices(session)
    api.faults.answerWith(answer, { times: 3 })
    const send = open(session)
    for (let times = 0; times < 3; times += 1) {
      const response = await send(api.origin)
      expect(response.status).toBe(answer.status)
      expect(await response.json()).toHaveProperty('message')
    }
    const { origin } = api
    expect(noticesOf(notices, 'stepUpRequired')).toEqual([
      { type: 'stepUpRequired', origin, status: answer.status, challenge },
    ])
    expect(server.counts.refreshes).toBe(0)
    // After a sign-in for more, it is said again if that was not enough.
    await session.refresh()
    api.faults.answerWith(answer)
    await send(api.origin)
    expect(noticesOf(notices, 'stepUpRequired')).toHaveLength(2)
  })
})
