import type { Database } from '../database/database.ts'
import { escapeText, unescapeText } from '../database/escape-text.ts'
import type { Presence } from '../presence/presence.ts'
import { channelOf, readPayload } from './channels.ts'
import { createLookOut } from './look-out.ts'
import { createPublisher } from './publisher.ts'

/** Who wants to hear of which record. */
export interface Watches {
  watch(key: string, listener: (revision?: string) => void): () => void
  /** That this store has read or written an intent: not news. */
  sawIntent(key: string, revision: string): void
  /** That a read has found this revision, or none: news to others who watch, unless it is the first one seen. */
  read(key: string, revision: string | undefined): void
  /** That a look has found this revision, as it stands in the database. */
  found(key: string, revision: string | null): void
  /** That this store has written: tells its own watches, and others where they are to know at once. */
  wrote(key: string, options: { revision: string | undefined; tellOthers: boolean }): void
  close(): Promise<void>
}

interface Watch {
  readonly listeners: Set<(revision?: string) => void>
  /** Escaped; `null`: no record; `undefined`: never seen. */
  revision: string | null | undefined
  /** Of which all listeners were told. */
  announced: string | null | undefined
  unlisten: (() => void) | undefined
}

/** How records of other processes are heard of; `undefined`: not at all. */
export interface HintPace {
  /** How often is looked where nothing tells. */
  readonly everyMilliseconds: number
  /** Whether others are told of what is written here. */
  readonly notifies: boolean
}

export function createWatches(options: {
  database: Database
  presence: Presence | undefined
  pace: HintPace | undefined
}): Watches {
  const { database, presence, pace } = options
  const watches = new Map<string, Watch>()
  const hears = pace !== undefined
  const publisher = pace?.notifies === true ? createPublisher(database) : undefined
  const lookOut =
    pace &&
    createLookOut({
      database,
      everyMilliseconds: pace.everyMilliseconds,
      keys: () => new Map([...watches].map(([key, { revision }]) => [key, revision])),
      isNeeded: () => presence?.isHeld !== true,
      onChange: found,
    })
  // Hints that came while the connection was lost were missed.
  const stopHearing = hears ? presence?.onRegained(announceAll) : undefined

  function announceAll(): void {
    for (const key of watches.keys()) announce(key)
  }

  /** @param revision escaped; absent where it is not known which it is now */
  function announce(key: string, revision?: string | null): void {
    const watch = watches.get(key)
    if (watch === undefined) return
    watch.announced = watch.revision
    const told = typeof revision === 'string' ? unescapeText(revision) : undefined
    for (const listener of watch.listeners) {
      // A watch that was ended before its turn came is not called any more.
      queueMicrotask(() => watch.listeners.has(listener) && listener(told))
    }
  }

  function found(key: string, revision: string | null): void {
    const watch = watches.get(key)
    if (watch === undefined || watch.revision === revision) return
    watch.revision = revision
    announce(key, revision)
  }

  /** What this store has written, or found by a look, comes back as a hint. */
  function hear(key: string, watch: Watch, payload: string): void {
    const hint = readPayload(payload, key)
    if (hint === undefined || (hint.revision !== undefined && hint.revision === watch.announced)) return
    watch.revision = hint.revision
    announce(key, hint.revision)
  }

  function saw(key: string, revision: string | null): void {
    const watch = watches.get(key)
    if (watch !== undefined) watch.revision = revision
  }

  function open(key: string): Watch {
    const watch: Watch = { listeners: new Set(), revision: undefined, announced: undefined, unlisten: undefined }
    watches.set(key, watch)
    const onHint = (payload: string) => hear(key, watch, payload)
    watch.unlisten = hears ? presence?.listen(channelOf(key, database.schema), onHint) : undefined
    // It goes on trying by itself; until it is there, looking does.
    if (hears) presence?.start().catch(() => {})
    lookOut?.begin()
    return watch
  }

  return {
    watch(key, listener) {
      const watch = watches.get(key) ?? open(key)
      // One entry per call, so that watching twice with the same function takes two calls to undo.
      const entry = (revision?: string) => listener(revision)
      watch.listeners.add(entry)
      return () => {
        watch.listeners.delete(entry)
        if (watch.listeners.size > 0 || watches.get(key) !== watch) return
        watches.delete(key)
        watch.unlisten?.()
      }
    },
    sawIntent: (key, revision) => saw(key, escapeText(revision)),
    read(key, revision) {
      const watch = watches.get(key)
      if (watch?.revision !== undefined) return found(key, escaped(revision))
      // Who watches has asked for it.
      if (watch !== undefined) watch.announced = watch.revision = escaped(revision)
    },
    found,
    wrote(key, { revision, tellOthers }) {
      saw(key, escaped(revision))
      announce(key, escaped(revision))
      if (tellOthers) publisher?.publish(key, escaped(revision))
    },
    async close() {
      lookOut?.close()
      stopHearing?.()
      for (const watch of watches.values()) watch.unlisten?.()
      watches.clear()
      await publisher?.close()
    },
  }
}

function escaped(revision: string | undefined): string | null {
  return revision === undefined ? null : escapeText(revision)
}
