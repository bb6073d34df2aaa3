import { apiAnswers } from '@authchart/test/authorization-server'
import { eventually } from '../../support/eventually.ts'
import { leaseGivenBack } from '../../support/stored-session.ts'
import { type Field, type FieldOptions, outcomeOf, startField } from './fixture.ts'

/** A field whose first API rejects every token at `/bad`, and pauses. */
export async function startWithPause(options: FieldOptions = {}): Promise<Field> {
  const field = await startField(options)
  const { apis, holders } = field
  apis[0]?.faults.answerWith(apiAnswers.invalidToken, { times: Number.POSITIVE_INFINITY, path: '/bad' })
  await ask(field, '/bad')
  for (const { session } of holders) await pauses(field, session)
  return field
}

/** Waits until a holder knows of the pause, and serves its token again. */
export function pauses({ store }: Field, session: Field['session']): Promise<void> {
  const look = async () => {
    await leaseGivenBack(store)
    return session.getSnapshot().rejectedBy !== undefined && session.getSnapshot().usable
  }
  return eventually(look, { description: 'the pause to be known' })
}

/** What a holder's request to a path comes to. */
export function ask({ apis, holders }: Field, path: string, { holder = 0, api = 0 } = {}): Promise<string> {
  const { fetch } = holders[holder] ?? {}
  if (fetch === undefined) throw new Error('There is no such holder')
  return outcomeOf(fetch(`${apis[api]?.origin}${path}`))
}

/** Revokes the access token that the first API accepted last. */
export async function revoke({ apis: [api] }: Field): Promise<void> {
  if (!(await api?.revokeLastAcceptedToken())) throw new Error('There is no such token')
}
