import { changeRun, newRevision, type RunContext, runOf } from './run.ts'
import { loseAnswer, remove } from './server.ts'
import {
  type Answer,
  changeSet,
  nameOf,
  type RequestStep,
  type Run,
  type RunStep,
  replaceAt,
  type State,
  setOf,
  spend,
} from './state.ts'
import { chance, progress, type Step } from './step.ts'
import { readStore } from './store.ts'

type RequestRun = Run & RequestStep

/** Steps 4 and 8: the refresh token is sent, its answer read or lost, and perhaps sent once more. */
export function requestSteps(state: State, context: RunContext): Step[] {
  const run = runOf(state, context)
  switch (run.at) {
    case 'sending':
      return send(state, run, context)
    case 'awaitingAnswer':
      return awaitAnswer(state, run, context)
    case 'beforeReplay':
      return replay(state, run, context)
    default:
      return []
  }
}

function send(state: State, run: RequestRun, context: RunContext): Step[] {
  const { intended, unknown } = run
  const name = nameOf(context.holder)
  const set = setOf(intended)
  if (set === undefined) throw new Error('There is no refresh token to send')
  const requests = [...state.requests, { holder: context.holder, set, answer: undefined }]
  const sent = changeRun({ ...state, requests }, context, { at: 'awaitingAnswer', intended, unknown }, 1)
  const steps = [
    progress(`${name} sends the refresh token of set ${set}`, sent, {
      type: 'sent',
      set,
      prompted: run.generation,
      generation: intended.generation,
      unknown: wasUnknown(run),
      ofRun: run.sent + 1,
      mendsEnd: run.cause === 'explicit' && intended.status === 'ended',
    }),
  ]
  if (state.budget.losses > 0) {
    const failed = changeRun(spend(state, 'losses'), context, failure(run, { keepIntent: wasUnknown(run) }))
    steps.push(chance(`${name} cannot connect to the server`, failed))
  }
  return steps
}

/** Something about this refresh token was unknown before this request. */
function wasUnknown({ unknown, sent }: RequestRun): boolean {
  return unknown || sent > 0
}

/** The same once the request is sent: was it not the first? */
function isAgain({ unknown, sent }: RequestRun): boolean {
  return unknown || sent > 1
}

function awaitAnswer(state: State, run: RequestRun, context: RunContext): Step[] {
  const index = state.requests.findIndex(({ holder }) => holder === context.holder)
  const request = state.requests[index]
  if (request === undefined) throw new Error('There is no request whose answer could come')
  const { answer, set } = request
  const steps = answer === undefined ? [] : [readAnswer(remove(state, index), { run, answer, set, context })]
  if (state.budget.losses === 0) return steps
  const name = nameOf(context.holder)
  const doubtful = changeSet(spend(state, 'losses'), set, { doubtful: true })
  const next = isAgain(run) ? failure(run, { keepIntent: true }) : beforeReplay(run)
  const cut = changeRun(loseAnswer(remove(doubtful, index), answer), context, next)
  steps.push(chance(`The connection of ${name} ends without an answer`, cut))
  if (answer === undefined) {
    const requests = replaceAt(doubtful.requests, index, { holder: undefined })
    const slow = changeRun({ ...doubtful, requests }, context, next)
    steps.push(chance(`${name} has waited too long for an answer; the request is still on its way`, slow))
  }
  return steps
}

function readAnswer(
  state: State,
  reading: { run: RequestRun; answer: Answer; set: number; context: RunContext },
): Step {
  const { run, answer, set, context } = reading
  const { intended } = run
  const name = nameOf(context.holder)
  switch (answer.kind) {
    case 'tokens': {
      const generation = intended.refreshIntent?.reservedGeneration
      const [numbered, revision] = newRevision(changeSet(state, set, { answered: 'tokens' }))
      const isStored = numbered.sets[answer.set]?.fate === 'stored'
      const held = isStored ? numbered : changeSet(numbered, answer.set, { fate: 'held', generation })
      const storing = {
        at: 'storing',
        intended,
        current: intended,
        set: answer.set,
        revision,
        writeFailed: false,
      } as const
      return progress(`${name} reads the answer: set ${answer.set}`, changeRun(held, context, storing))
    }
    case 'refused':
    case 'clientRefused': {
      const isClient = answer.kind === 'clientRefused'
      const reason = isClient ? 'clientRejected' : isAgain(run) ? 'rotationLost' : 'grantRejected'
      const refused = isClient ? state : changeSet(state, set, { answered: 'refusal' })
      const ending = {
        at: 'writingEnd',
        intended,
        current: intended,
        reason,
        keepIntent: isClient && isAgain(run),
      } as const
      return progress(`${name} reads that it is refused`, changeRun(refused, context, ending))
    }
    case 'throttled': {
      const next = failure(run, { keepIntent: isAgain(run), serverAsked: true })
      return progress(`${name} reads that it shall come back later`, changeRun(state, context, next))
    }
    case 'trouble':
      return progress(`${name} reads the 500`, changeRun(state, context, failure(run, { keepIntent: true })))
  }
}

function replay(state: State, run: RequestRun, context: RunContext): Step[] {
  const { intended, unknown } = run
  const name = nameOf(context.holder)
  return readStore(state).map(({ ok, record, state: read, say, kind }) => {
    const isUnchanged = record?.revision === intended.revision
    const next: RunStep = !ok
      ? failure(run, { keepIntent: true })
      : isUnchanged
        ? { at: 'sending', intended, unknown }
        : { at: 'movedOn' }
    return { say: `${name} ${say} before it sends again`, kind, state: changeRun(read, context, next), facts: [] }
  })
}

function beforeReplay({ intended, unknown }: RequestRun): RunStep {
  return { at: 'beforeReplay', intended, unknown }
}

function failure({ intended }: RequestRun, what: { keepIntent: boolean; serverAsked?: boolean }): RunStep {
  const { keepIntent, serverAsked = false } = what
  return { at: 'writingFailure', intended, current: intended, keepIntent, serverAsked }
}
