import { describe, expect, it } from 'vitest'
import { createMachine } from 'xstate'
import fc from '../../../../test/support/properties.ts'
import { createSessionMachine, sessionMachineOf } from './session-chart.ts'
import { createContext, type SessionContext } from './session-context.ts'

type Config = Record<string, unknown>

const sessionMachine = sessionMachineOf()

/** What is wrong with a chart as it is written down, which neither XState nor its types would say. */
function findProblems(machine: { config: unknown; implementations: object }): string[] {
  const problems: string[] = []
  const { actions = {}, guards = {}, actors = {}, delays = {} } = machine.implementations as Record<string, object>

  function requireName(kind: string, name: unknown, known: object) {
    if (typeof name !== 'string' || !Object.hasOwn(known, name)) problems.push(`no ${kind} is called ${String(name)}`)
  }

  function checkGuard(guard: unknown) {
    if (guard !== undefined) requireName('guard', nameOf(guard), guards)
  }

  function checkActions(list: unknown) {
    for (const action of asArray(list)) requireName('action', nameOf(action), actions)
  }

  function checkTransitions(list: unknown) {
    for (const transition of asArray(list) as Config[]) {
      checkGuard(transition.guard)
      checkActions(transition.actions)
    }
  }

  function checkState(path: string, state: Config) {
    checkActions(state.entry)
    checkActions(state.exit)
    for (const invoke of asArray(state.invoke) as Config[]) {
      if (!isText(invoke.id)) problems.push(`an invoke of ${path} has no id`)
      requireName('actor', invoke.src, actors)
    }
    for (const transitions of Object.values((state.on ?? {}) as Config)) checkTransitions(transitions)
    for (const [delay, transitions] of Object.entries((state.after ?? {}) as Config)) {
      requireName('delay', delay, delays)
      checkTransitions(transitions)
    }
    checkTransitions(state.always)
    for (const [name, child] of Object.entries((state.states ?? {}) as Record<string, Config>)) {
      checkState(path === '' ? name : `${path}.${name}`, child)
    }
  }

  checkState('', machine.config as Config)
  return problems
}

function nameOf(reference: unknown): unknown {
  return typeof reference === 'object' && reference !== null ? (reference as Config).type : reference
}

function asArray(value: unknown): unknown[] {
  if (value === undefined) return []
  return Array.isArray(value) ? value : [value]
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}

/** Where functions stand in a chart. */
function findFunctions(value: unknown, path: string[] = []): string[] {
  if (typeof value === 'function') return [path.join('.')]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, child]) => findFunctions(child, [...path, key]))
}

describe('the chart as it is written down', () => {
  it('names every invoke, and names nothing that is not there', () => {
    expect(findProblems(sessionMachine)).toEqual([])
  })

  it('has no inline function but those for input and context', () => {
    const functions = findFunctions(sessionMachine.config)
    expect(functions.length).toBeGreaterThan(0)
    expect(functions.filter((path) => !/(^|\.)(input|context)$/.test(path))).toEqual([])
  })

  it('uses every action, guard, delay and actor that is set up', () => {
    const text = JSON.stringify(sessionMachine.config)
    const names = Object.values(sessionMachine.implementations).flatMap((kind) => Object.keys(kind as object))
    expect(names.filter((name) => !text.includes(`"${name}"`))).toEqual([])
  })

  it('may serve a token in the states fresh and expiring alone', () => {
    function findUsable(states: Record<string, Config> = {}, path = ''): string[] {
      return Object.entries(states).flatMap(([name, state]) => [
        ...(asArray(state.tags).includes('usable') ? [path + name] : []),
        ...findUsable(state.states as Record<string, Config>, `${path}${name}.`),
      ])
    }
    expect(findUsable(sessionMachine.config.states as Record<string, Config>)).toEqual([
      'signedIn.token.fresh',
      'signedIn.token.expiring',
    ])
  })

  it('is found out when a name is misspelt: XState says nothing of a delay, and fires it at once', () => {
    const config = {
      initial: 'asleep',
      states: {
        asleep: {
          after: { untilMourning: { target: 'awake', guard: 'isLigth', actions: { type: 'yawnn' } } },
          invoke: { src: 'dreem' },
        },
        awake: {},
      },
    }
    const machine = createMachine(config as never, { delays: { untilMorning: 1000 } } as never)
    expect(findProblems(machine)).toEqual([
      'an invoke of asleep has no id',
      'no actor is called dreem',
      'no delay is called untilMourning',
      'no guard is called isLigth',
      'no action is called yawnn',
    ])
  })
})

it('is made once for all sessions, and anew only where that is asked for', () => {
  expect(sessionMachineOf()).toBe(sessionMachine)
  expect(createSessionMachine()).not.toBe(sessionMachine)
})

describe('a delay of the chart', () => {
  const oddNumber = fc.oneof(
    fc.double(),
    fc.integer(),
    fc.constantFrom(0, -1, 2 ** 31, 2 ** 53, 8.64e15, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY),
  )
  const oddContext = fc
    .record({
      token: fc.record({ refreshDueAt: oddNumber, expiresAt: oddNumber }, { requiredKeys: [] }),
      judgedAt: oddNumber,
      failure: fc.option(fc.record({ retryAt: oddNumber, now: oddNumber }), { nil: undefined }),
    })
    .map(({ token, judgedAt, failure }): SessionContext => {
      const context = createContext({ key: 'k', refreshTiming: 'eager', online: true })
      return {
        ...context,
        token: { ...context.token, ...token },
        judgedAt,
        failure: failure as SessionContext['failure'],
      }
    })
  const delays = Object.entries(sessionMachine.implementations.delays as Record<string, DelayFunction>)
  type DelayFunction = (args: { context: SessionContext; event: unknown }) => number

  it.each(delays)('%s is never at once and never more than a timer takes, whatever the context', (_name, delay) => {
    fc.assert(
      fc.property(oddContext, (context) => {
        const milliseconds = delay({ context, event: { type: 'clock.resumed', now: 0 } })
        expect(milliseconds).toBeGreaterThan(0)
        expect(milliseconds).toBeLessThan(2 ** 31)
      }),
      { numRuns: 2000 },
    )
  })
})
