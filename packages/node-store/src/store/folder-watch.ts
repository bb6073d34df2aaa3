import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf } from '../folder/file-error.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import { findMountOfFolder, judgeHints } from '../lock/mount.ts'

/** Tells of changes to the files of a folder. */
export interface FolderWatch {
  /**
   * Calls back after a file may have changed. Does not keep the process alive.
   *
   * Where the system does not tell, `onLost` is called with the reason, once until it tells again. A listener without
   * `onLost` is then called at every look.
   */
  add(fileName: string, listener: () => void, onLost?: (error: StoreError) => void): () => void
}

/** How often the watch looks whether it still watches the folder at its path, in milliseconds. */
const lookMilliseconds = 2_000

interface Entry {
  readonly fileName: string
  readonly listener: () => void
  readonly onLost: ((error: StoreError) => void) | undefined
}

/**
 * Watches a folder for as long as there is a listener. The folder, not its files: a watch on a file follows the old one
 * when another is renamed over it. And not for ever the same folder: one that was removed or replaced is watched anew.
 */
export function createFolderWatch(folder: SessionFolder): FolderWatch {
  const entries = new Set<Entry>()
  let watcher: FSWatcher | undefined
  /** Which folder the watcher is on, even when it could not be had. */
  let watched: string | undefined
  let loss: StoreError | undefined
  let isMountKnown = false
  let timer: NodeJS.Timeout | undefined

  /** In a turn of its own; an entry that was removed before is not called any more. */
  function call(entry: Entry, work: (entry: Entry) => void): void {
    queueMicrotask(() => entries.has(entry) && work(entry))
  }

  function announce(fileName: string | null): void {
    for (const entry of entries) {
      // Without a name, it may be any of them.
      if (fileName === null || fileName === entry.fileName) call(entry, ({ listener }) => listener())
    }
  }

  function lose(why: string): void {
    if (loss !== undefined) return
    const error = createLoss(folder, why)
    loss = error
    for (const entry of entries) call(entry, ({ onLost }) => onLost?.(error))
  }

  function onChange(change: string, fileName: string | null): void {
    announce(fileName)
    // So the system tells that the folder itself was removed or renamed.
    if (fileName === null || (change === 'rename' && fileName === basename(folder.path))) look()
  }

  function open(identity: string | undefined): void {
    watched = identity
    // Not made here: a folder that is removed or put back must not be found in the way.
    if (identity === undefined) return
    try {
      watcher = watch(folder.path, { persistent: false }, onChange)
      watcher.on('error', (error) => {
        close()
        lose(errorCodeOf(error) ?? error.name)
      })
      loss = undefined
      isMountKnown = false
    } catch (error) {
      lose(errorCodeOf(error) ?? 'unknown error')
    }
  }

  function close(): void {
    watcher?.close()
    watcher = undefined
  }

  /** Whether other machines may change the folder, which the system does not tell. Not at once: programs may be short. */
  async function askForMount(): Promise<void> {
    isMountKnown = true
    const asked = watched
    const doubt = judgeHints(await findMountOfFolder(folder.path))
    if (doubt !== undefined && watched === asked) lose(doubt)
  }

  /** Watches the folder that is at the path now, unless it is the one that is watched. */
  function look(): void {
    const identity = identityOf(folder)
    const isAnother = identity !== watched
    const isWatched = identity === undefined || watcher !== undefined
    if (watcher !== undefined && !isMountKnown && !isAnother) void askForMount()
    if (isAnother || !isWatched) {
      close()
      open(identity)
    }
    // What happened meanwhile was not told.
    if (isAnother || (!isWatched && watcher !== undefined)) announce(null)
    else if (loss !== undefined) {
      for (const entry of entries) if (entry.onLost === undefined) call(entry, ({ listener }) => listener())
    }
  }

  function start(): void {
    try {
      folder.ensure()
    } catch {
      // Reading says why; the watch begins once there is a folder.
    }
    open(identityOf(folder))
    timer = setInterval(look, lookMilliseconds)
    timer.unref()
  }

  function stop(): void {
    clearInterval(timer)
    timer = undefined
    close()
    loss = undefined
  }

  return {
    add(fileName, listener, onLost) {
      const entry: Entry = { fileName, listener, onLost }
      if (timer === undefined) start()
      entries.add(entry)
      const before = loss
      if (before !== undefined) call(entry, () => onLost?.(before))
      return () => {
        if (entries.delete(entry) && entries.size === 0) stop()
      }
    },
  }
}

/** Where it cannot be looked at, it is gone as far as a watch is concerned. */
function identityOf(folder: SessionFolder): string | undefined {
  try {
    return folder.identity()
  } catch {
    return undefined
  }
}

function createLoss(folder: SessionFolder, why: string): StoreError {
  return new StoreError(
    'storeUnavailable',
    `The system does not tell of changes in ${folder.path} (${why}); what other processes do there is noticed later.`,
  )
}
