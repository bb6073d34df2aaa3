/** A session that is being left: nothing new is begun, then nothing is waited for, then it is gone. */
const phases = { departure: 1, abandonment: 2, stopped: 3 } as const

export type Phase = keyof typeof phases

/** What is under way in a session, and how far it has been left. */
export class Lifetime {
  #phase = 0
  #controllers: Partial<Record<Phase, AbortController>> | undefined
  #background: Set<Promise<unknown>> | undefined
  #stops: readonly (() => void)[] | undefined

  /** Keeps track of work that goes on after the call that began it: disposing of the session waits for it. */
  inBackground<Value>(work: Promise<Value>): Promise<Value> {
    this.#background ??= new Set()
    const background = this.#background.add(work)
    const done = () => {
      background.delete(work)
      if (background.size === 0) this.#background = undefined
    }
    work.then(done, done)
    return work
  }

  /** Resolves when nothing is going on any more. */
  async untilIdle(): Promise<void> {
    while (this.#background?.size) await Promise.allSettled(this.#background)
  }

  get isDeparting(): boolean {
    return this.#phase >= phases.departure
  }

  get isStopped(): boolean {
    return this.#phase >= phases.stopped
  }

  /** Aborts when the session begins to be disposed of: nothing new is begun. */
  get departure(): AbortSignal {
    return this.#signalOf('departure')
  }

  get abandonment(): AbortSignal {
    return this.#signalOf('abandonment')
  }

  onStopped(callback: () => void): () => void {
    this.#stops = [...(this.#stops ?? []), callback]
    return () => {
      this.#stops = this.#stops?.filter((other) => other !== callback)
    }
  }

  /** Made when first asked for: most sessions are never left while something is under way. */
  #signalOf(phase: Phase): AbortSignal {
    this.#controllers ??= {}
    const controller = this.#controllers[phase] ?? new AbortController()
    this.#controllers[phase] = controller
    if (this.#phase >= phases[phase]) controller.abort()
    return controller.signal
  }

  leave(phase: Phase): void {
    this.#phase = phases[phase]
    this.#controllers?.[phase]?.abort()
    if (this.isStopped) for (const stop of this.#stops ?? []) stop()
  }
}
