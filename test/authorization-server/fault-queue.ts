import { createCondition } from './condition.ts'

/** A fault that was armed: what a test holds on to. */
export interface Fault {
  /** How many requests it has befallen. */
  readonly applied: number
  /** Resolves once it has befallen `count` requests (default 1). */
  whenApplied(count?: number): Promise<void>
  /** Disarms it. */
  clear(): void
}

/** How often a fault strikes, and whom. */
export interface Arming<Subject> {
  /** Default 1; `Infinity` until cleared. */
  readonly times: number
  appliesTo(subject: Subject): boolean
}

/** Faults in the order in which they were armed. */
export interface FaultQueue<Subject, Effect> {
  arm(effect: Effect, arming: Arming<Subject>): Fault
  /** The oldest effect that applies, used up by one; faults armed after it wait for later requests. */
  takeFirst(subject: Subject): Effect | undefined
  /** Every effect that applies, each used up by one. */
  takeAll(subject: Subject): Effect[]
  clear(): void
}

interface ArmedFault<Subject, Effect> {
  readonly effect: Effect
  readonly appliesTo: (subject: Subject) => boolean
  remaining: number
  strike(): void
}

/** Makes an empty queue. */
export function createFaultQueue<Subject, Effect>(): FaultQueue<Subject, Effect> {
  const armed = new Set<ArmedFault<Subject, Effect>>()

  function take(fault: ArmedFault<Subject, Effect>): Effect {
    fault.remaining -= 1
    if (fault.remaining <= 0) armed.delete(fault)
    fault.strike()
    return fault.effect
  }

  return {
    arm(effect, { times, appliesTo }) {
      const condition = createCondition()
      let applied = 0
      const fault: ArmedFault<Subject, Effect> = {
        effect,
        appliesTo,
        remaining: times,
        strike() {
          applied += 1
          condition.changed()
        },
      }
      armed.add(fault)
      return {
        get applied() {
          return applied
        },
        whenApplied: (count = 1) =>
          condition.until(() => applied >= count, { description: `the fault to strike ${count} times` }),
        clear() {
          armed.delete(fault)
        },
      }
    },
    takeFirst(subject) {
      const fault = [...armed].find(({ appliesTo }) => appliesTo(subject))
      return fault && take(fault)
    },
    takeAll: (subject) => [...armed].filter(({ appliesTo }) => appliesTo(subject)).map(take),
    clear: () => armed.clear(),
  }
}
