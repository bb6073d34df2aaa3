import { helpOn } from '../errors/help.ts'
import type { SessionNotice } from './session-notice.ts'
import type { SessionSnapshot } from './session-snapshot.ts'

type SnapshotListener = (snapshot: SessionSnapshot) => void

/** The listeners of one session. */
export class Listeners {
  #toSnapshots: readonly SnapshotListener[] | undefined
  #toNotices: readonly { readonly type: string; readonly listener: (notice: never) => void }[] | undefined

  get hasAny(): boolean {
    return Boolean(this.#toSnapshots?.length || this.#toNotices?.length)
  }

  subscribe(listener: SnapshotListener): () => void {
    // One entry per call, so that subscribing the same function twice takes two calls to undo.
    const entry = (snapshot: SessionSnapshot) => listener(snapshot)
    this.#toSnapshots = [...(this.#toSnapshots ?? []), entry]
    return () => {
      this.#toSnapshots = this.#toSnapshots?.filter((other) => other !== entry)
    }
  }

  on(type: SessionNotice['type'] | '*', listener: (notice: never) => void): () => void {
    const entry = { type, listener }
    this.#toNotices = [...(this.#toNotices ?? []), entry]
    return () => {
      this.#toNotices = this.#toNotices?.filter((other) => other !== entry)
    }
  }

  tell(notice: SessionNotice): void {
    const { reason, code = notice.type } = notice as { reason?: string; code?: string }
    Object.defineProperty(notice, 'help', { value: helpOn(reason ?? code) })
    for (const { type, listener } of this.#toNotices ?? []) {
      if (type === '*' || type === notice.type) tellListener(`"${notice.type}"`, () => listener(notice as never))
    }
  }

  tellSnapshot(snapshot: SessionSnapshot): void {
    for (const listener of this.#toSnapshots ?? []) tellListener('`subscribe`', () => listener(snapshot))
  }

  /** There are no more snapshots. What still fails in the background is told. */
  forgetSubscribers(): void {
    this.#toSnapshots = undefined
  }
}

/**
 * Calls a listener of the app. A session must not fail for what it throws, now or later, and in Node an error that
 * is not caught would end the process: it is shown on the console.
 */
export function tellListener(name: string, call: () => unknown): void {
  try {
    // A thenable of any realm may reject as well.
    Promise.resolve(call()).catch((error: unknown) => reportListenerError(name, error))
  } catch (error) {
    reportListenerError(name, error)
  }
}

/** Shows an error that a listener of the app threw. */
export function reportListenerError(name: string, error: unknown): void {
  console.error(`authchart: a listener of ${name} threw:`, error)
}
