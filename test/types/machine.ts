import { getSessionActor, type SessionActor, type SessionEvent, sessionMachine } from '@authchart/core/machine'
import { createActor, type SnapshotFrom } from 'xstate'
import { expectType } from './expect-type.ts'
import { session } from './session.ts'

const actor = getSessionActor(session)
expectType<SessionActor>()(actor)(true)
export const isUsable: boolean = actor.getSnapshot().hasTag('usable')
expectType<number>()(actor.getSnapshot().context.token.generation)(true)
// @ts-expect-error: what the chart knows of a token is not the token
actor.getSnapshot().context.token.accessToken
// @ts-expect-error: there is no such tag
actor.getSnapshot().hasTag('valid')
// @ts-expect-error: there is no such state
actor.getSnapshot().matches('signedUp')

const alone = createActor(sessionMachine, { input: { key: 'acme:alice', refreshTiming: 'onUse', online: true } })
export const states: SnapshotFrom<typeof sessionMachine>['value'][] = [alone.getSnapshot().value]
export const event: SessionEvent = { type: 'record.absent', now: 0 }
alone.send(event)
// @ts-expect-error: there is no such event
alone.send({ type: 'record.gone' })
// @ts-expect-error: a machine without its input
createActor(sessionMachine)
