import { createCondition } from './condition.ts'

/** Holds requests until a test lets them go on. */
export interface Gate {
  /** How many stand before it now. */
  readonly waiting: number
  /** How many have come to it so far. */
  readonly arrivals: number
  /** Resolves once `count` requests (default 1) have come to it. */
  arrived(count?: number): Promise<void>
  /** Lets the longest waiting one go on; the next one is held again. */
  releaseOne(): void
  /** Lets all go on, those who come later too. */
  release(): void
}

/** A gate with the side that requests see. */
export interface GatePassage extends Gate {
  pass(): Promise<void>
}

/** Makes a closed gate; `onRelease` is told when it has been opened for good. */
export function createGate({ onRelease }: { onRelease?: () => void } = {}): GatePassage {
  const condition = createCondition()
  const held: (() => void)[] = []
  let arrivals = 0
  let open = false
  return {
    get waiting() {
      return held.length
    },
    get arrivals() {
      return arrivals
    },
    arrived: (count = 1) => condition.until(() => arrivals >= count, { description: `${count} requests at the gate` }),
    releaseOne() {
      held.shift()?.()
    },
    release() {
      open = true
      onRelease?.()
      for (const goOn of held.splice(0)) goOn()
    },
    pass() {
      arrivals += 1
      const passed = open ? Promise.resolve() : new Promise<void>((resolve) => held.push(resolve))
      condition.changed()
      return passed
    },
  }
}
