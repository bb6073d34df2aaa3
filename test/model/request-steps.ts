import { changeRun, newRevision, type RunContext, runOf } from './run.ts'
import { loseAnswer, remove } from './server.ts'
import {
  type Answer,
  changeSet,
  nameOf,
  type OutcomeStep,
  type RequestStep,
  type Run,
  type RunStep,
  replaceAt,
  type State,
  setOf,
  settling,
  spend,
} from './state.ts'
import { chance, progress, type Step } from './step.ts'
import { readStore } from './store.ts'
import { isKnownBetter } from './write-back-steps.ts'

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
  const { intended, unknown, before, lease } = run
  const name = nameOf(context.holder)
  const set = setOf(intended)
  if (lease === 'lost' && context.without !== 'look') return [giveWay(state, run, context)]
  if (set === undefined) throw new Error('There is no refresh token to send')
  const requests = [...state.requests, { holder: context.holder, set, answer: undefined }]
  const sent = changeRun({ ...state, requests }, context, { at: 'awaitingAnswer', intended, unknown, before }, 1)
  const { vault } = state.holders[context.holder] ?? {}
  const steps = [
    progress(`${name} sends the refresh token of set ${set}`, sent, {
      type: 'sent',
      set,
      prompted: run.generation,
      generation: intended.generation,
      unknown: wasUnknown(run),
      ofRun: run.sent + 1,
      afterEnd: intended.status === 'ended',
      explicit: run.cause === 'explicit',
      leased: lease === 'held',
      known: vault?.set !== undefined && vault.signIn === Number(intended.signInId) ? vault.generation : 0,
      isKnownBetter: isKnownBetter(state, context.holder),
      // What was written back, with an intent.
      afterWriteBack: intended.serverCooldownUntil === settling,
      isOpen: state.requests.some((request) => request.set === set),
    }),
  ]
  if (state.budget.losses > 0) {
    const failed = fail(spend(state, 'losses'), { run, context, keepIntent: wasUnknown(run) })
    steps.push(chance(`${name} cannot connect to the server`, failed))
  }
  return steps
}

/** The lease was lost after the intent was written: that is taken back where nothing was sent. */
function giveWay(state: State, run: RequestRun, context: RunContext): Step {
  const { intended, before: refreshIntent } = run
  const name = nameOf(context.holder)
  if (run.sent > 0) return progress(`${name} does not send again`, fail(state, { run, context, keepIntent: true }))
  const [numbered, revision] = newRevision(state)
  const next = { ...intended, refreshIntent, revision }
  const then = changeRun(numbered, context, { at: 'withdrawing', expected: intended.revision, next })
  return progress(`${name} sees that its lease is lost`, then)
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
  const goOn = (after: State) =>
    isAgain(run) ? fail(after, { run, context, keepIntent: true }) : changeRun(after, context, beforeReplay(run))
  const cut = goOn(loseAnswer(remove(doubtful, index), answer))
  steps.push(chance(`The connection of ${name} ends without an answer`, cut))
  if (answer === undefined) {
    const requests = replaceAt(doubtful.requests, index, { holder: undefined })
    const slow = goOn({ ...doubtful, requests })
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
      const forRejection = run.cause === 'rejected'
      const held = isStored ? numbered : changeSet(numbered, answer.set, { fate: 'held', generation, forRejection })
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
    case 'refused': {
      const outcome = isAgain(run) ? 'rotationLost' : 'grantRejected'
      const refused = changeSet(state, set, { answered: 'refusal' })
      return progress(
        `${name} reads that it is refused`,
        conclude(refused, { run, context, outcome, keepIntent: false }),
      )
    }
    case 'interactionRequired': {
      // Nothing tells whether the doubt or the user is at fault: the token is not kept.
      const isLost = isAgain(run)
      const outcome = isLost ? 'rotationLost' : 'interactionRequired'
      const refused = isLost ? changeSet(state, set, { answered: 'refusal' }) : state
      return progress(
        `${name} reads that the user is wanted`,
        conclude(refused, { run, context, outcome, keepIntent: false }),
      )
    }
    case 'clientRefused': {
      const ended = conclude(state, { run, context, outcome: 'clientRejected', keepIntent: isAgain(run) })
      return progress(`${name} reads that its client is refused`, ended)
    }
    case 'throttled': {
      const heldBack = conclude(state, { run, context, outcome: 'heldBack', keepIntent: isAgain(run) })
      return progress(`${name} reads that it shall come back later`, heldBack)
    }
    case 'trouble':
      return progress(`${name} reads the 500`, fail(state, { run, context, keepIntent: true }))
  }
}

function replay(state: State, run: RequestRun, context: RunContext): Step[] {
  const { intended, unknown, before, lease } = run
  const name = nameOf(context.holder)
  return readStore(state).map(({ ok, record, state: read, say, kind }) => {
    const isUnchanged = record?.revision === intended.revision
    const next: RunStep = isUnchanged ? { at: 'sending', intended, unknown, before } : { at: 'movedOn' }
    const then =
      ok && lease === 'held' ? changeRun(read, context, next) : fail(read, { run, context, keepIntent: true })
    return { say: `${name} ${say} before it sends again`, kind, state: then, facts: [] }
  })
}

function beforeReplay({ intended, unknown, before }: RequestRun): RunStep {
  return { at: 'beforeReplay', intended, unknown, before }
}

interface Conclusion {
  readonly run: RequestRun
  readonly context: RunContext
  readonly keepIntent: boolean
}

function fail(state: State, conclusion: Conclusion): State {
  return conclude(state, { ...conclusion, outcome: 'failed' })
}

/** What came of the request is to be written. */
function conclude(state: State, conclusion: Conclusion & Pick<OutcomeStep, 'outcome'>): State {
  const { run, context, outcome, keepIntent } = conclusion
  const { intended } = run
  const [numbered, revision] = newRevision(state)
  const at = 'writingOutcome'
  return changeRun(numbered, context, {
    at,
    intended,
    current: intended,
    outcome,
    revision,
    keepIntent,
    isTroubled: false,
  })
}
