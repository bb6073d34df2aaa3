/** Work that goes on after the call that began it: disposing of a session waits for it. */
export interface BackgroundWork {
  /** Keeps track of a promise that never rejects. */
  add(work: Promise<void>): void
  /** Resolves when nothing is going on any more. */
  done(): Promise<void>
}

export function createBackgroundWork(): BackgroundWork {
  let running: readonly Promise<void>[] = []
  return {
    add(work) {
      running = [...running, work]
      void work.finally(() => {
        running = running.filter((other) => other !== work)
      })
    },
    async done() {
      while (running.length > 0) await Promise.all(running)
    },
  }
}
