import { type FSWatcher, watch } from 'node:fs'
import { basename } from 'node:path'
import { clearInterval, setInterval } from 'node:timers'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf } from './file-error.ts'
import { findMount, judgeHints } from './mount.ts'
import type { SessionFolder } from './session-folder.ts'

/** A watch on the folder at a path, whichever folder that is in the course of time. */
export interface FolderWatcher {
  /** Why the system does not tell of all changes; `undefined` while it does. */
  readonly loss: StoreError | undefined
  stop(): void
}

/** What a watcher tells. */
export interface FolderEvents {
  /** A file may have changed; `null` where it may be any. */
  changed(fileName: string | null): void
  /** The system does not tell of all changes from now on. Once until it does again. */
  lost(error: StoreError): void
  /** Time has passed in which changes may not have been told. */
  looked(): void
}

/** How often the watcher looks whether it still watches the folder at its path, in milliseconds. */
const lookMilliseconds = 2_000

/**
 * Watches a folder, and not its files: a watch on a file follows the old one when another is renamed over it. A folder
 * that was removed or replaced is watched anew once it is there. Does not keep the process alive.
 */
export function watchFolder(folder: SessionFolder, events: FolderEvents): FolderWatcher {
  let watcher: FSWatcher | undefined
  /** Which folder the watcher is on, even when it could not be had. */
  let watched: string | undefined
  let loss: StoreError | undefined
  let isMountKnown = false

  function lose(why: string): void {
    if (loss !== undefined) return
    loss = createLoss(folder, why)
    events.lost(loss)
  }

  function close(): void {
    watcher?.close()
    watcher = undefined
  }

  function open(identity: string | undefined): void {
    watched = identity
    // Not made here: a folder that is removed or put back must not be found in the way.
    if (identity === undefined) return
    try {
      // Without the option `persistent`, which Deno 2.9 ignores; and its watcher keeps a process alive again after each event.
      const opened = watch(folder.path, (change, fileName) => {
        queueMicrotask(() => opened.unref())
        events.changed(fileName)
        // So the system tells that the folder itself was removed or renamed.
        if (fileName === null || (change === 'rename' && fileName === basename(folder.path))) look()
      })
      opened.unref()
      watcher = opened
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

  /** Whether other machines may change the folder, which the system does not tell. */
  async function askForMount(): Promise<void> {
    isMountKnown = true
    const asked = watched
    const doubt = judgeHints(await findMount(folder.path))
    if (doubt !== undefined && watched === asked) lose(doubt)
  }

  function look(): void {
    const identity = identityOf(folder)
    const isAnother = identity !== watched
    const isInOrder = !isAnother && (identity === undefined || watcher !== undefined)
    if (!isInOrder) {
      close()
      open(identity)
      // What happened meanwhile was not told.
      if (isAnother || watcher !== undefined) events.changed(null)
    } else if (watcher !== undefined && !isMountKnown) void askForMount()
    if (loss !== undefined) events.looked()
  }

  open(identityOf(folder))
  const timer = setInterval(look, lookMilliseconds)
  timer.unref()
  return {
    get loss() {
      return loss
    },
    stop() {
      clearInterval(timer)
      close()
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
