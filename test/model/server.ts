import {
  changeSet,
  changeSignIn,
  createIssuedSet,
  replaceAt,
  type ServerKind,
  type State,
  spend,
  type TokenRequest,
} from './state.ts'
import { chance, type Fact, progress, type Step } from './step.ts'

/** What the authorization server can do about the requests that are on their way to it. */
export function serverSteps(state: State, kind: ServerKind): Step[] {
  return state.requests.flatMap((request, index) =>
    request.answer === undefined ? handle(state, { request, index, kind }) : [],
  )
}

interface Arrival {
  readonly request: TokenRequest
  readonly index: number
  readonly kind: ServerKind
}

function handle(state: State, arrival: Arrival): Step[] {
  const { request, index, kind } = arrival
  const done = exchange(state, request.set, kind)
  const name = `The server exchanges the refresh token of set ${request.set}`
  if (request.holder === undefined) {
    const late = remove(loseAnswer(done.state, done.answer), index)
    return [progress(`${name}, late, for nobody who waits`, late, ...done.facts)]
  }
  const steps = [progress(`${name}: ${describe(done.answer)}`, answer(done.state, index, done.answer), ...done.facts)]
  const { losses, mendableRefusals } = state.budget
  if (losses > 0) {
    const trouble = { kind: 'trouble' } as const
    const before = changeSet(spend(state, 'losses'), request.set, { doubtful: true })
    const after = loseAnswer(changeSet(spend(done.state, 'losses'), request.set, { doubtful: true }), done.answer)
    steps.push(
      chance(
        'The server answers 429 and has done nothing',
        answer(spend(state, 'losses'), index, { kind: 'throttled' }),
      ),
      chance('The server answers 500 and has done nothing', answer(before, index, trouble)),
      chance(`${name}, and answers 500 all the same`, answer(after, index, trouble), ...done.facts),
    )
  }
  if (mendableRefusals > 0) {
    const spent = spend(state, 'mendableRefusals')
    steps.push(
      chance('The server refuses the client', answer(spent, index, { kind: 'clientRefused' })),
      chance('The server wants to see the user', answer(spent, index, { kind: 'interactionRequired' })),
    )
  }
  return steps
}

type Answer = NonNullable<TokenRequest['answer']>

/** What becomes of a refresh token that the server is shown. */
function exchange(state: State, set: number, kind: ServerKind): { state: State; answer: Answer; facts: Fact[] } {
  const { signIn, spent, successor } = issuedSet(state, set)
  const refused = { kind: 'refused' } as const
  if (state.signIns[signIn]?.revoked !== 'no') return { state, answer: refused, facts: [] }
  if (!spent) return issue(state, set, { facts: [], spends: kind !== 'noRotation' })
  const facts: Fact[] = [{ type: 'reused', set }]
  const isSuccessorFresh = successor !== undefined && !issuedSet(state, successor).spent
  if (kind === 'graceNewPair' && isSuccessorFresh) return issue(state, set, { facts, spends: true })
  if (kind === 'graceSamePair' && isSuccessorFresh) {
    const { fate } = issuedSet(state, successor)
    const again = fate === 'lost' ? changeSet(state, successor, { fate: 'travelling' }) : state
    // What the store knew of that one may be undone, too.
    const given = state.restored > 0 ? changeSet(again, successor, { undone: true }) : again
    return { state: given, answer: { kind: 'tokens', set: successor }, facts }
  }
  return { state: changeSignIn(state, signIn, { revoked: 'byServer' }), answer: refused, facts }
}

function issue(state: State, set: number, context: { facts: Fact[]; spends: boolean }) {
  const successor = state.sets.length
  const { signIn } = issuedSet(state, set)
  const issued = { ...state, sets: [...state.sets, createIssuedSet(signIn)] }
  const answer: Answer = { kind: 'tokens', set: successor }
  return { state: changeSet(issued, set, { spent: context.spends, successor }), answer, facts: context.facts }
}

/** The answer to a request will never be read. */
export function loseAnswer(state: State, answer: Answer | undefined): State {
  if (answer?.kind !== 'tokens' || state.sets[answer.set]?.fate !== 'travelling') return state
  return changeSet(state, answer.set, { fate: 'lost' })
}

export function remove(state: State, index: number): State {
  return { ...state, requests: state.requests.filter((_, at) => at !== index) }
}

function answer(state: State, index: number, given: Answer): State {
  return { ...state, requests: replaceAt(state.requests, index, { answer: given }) }
}

function issuedSet(state: State, set: number) {
  const issued = state.sets[set]
  if (issued === undefined) throw new Error(`There is no set ${set}`)
  return issued
}

function describe(answer: Answer): string {
  return answer.kind === 'tokens' ? `set ${answer.set}` : 'refused'
}
