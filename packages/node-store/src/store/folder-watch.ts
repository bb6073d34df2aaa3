import type { StoreError } from '@authchart/core/store'
import { type FolderWatcher, watchFolder } from '../folder/folder-watcher.ts'
import type { SessionFolder } from '../folder/session-folder.ts'

/** Tells of changes to the files of a folder, as long as there is a listener. */
export interface FolderWatch {
  /**
   * Calls back after a file may have changed. Does not keep the process alive.
   *
   * Where the system does not tell, `onLost` is called with the reason, once until it tells again. A listener without
   * `onLost` is then called every few seconds.
   */
  add(fileName: string, listener: () => void, onLost?: (error: StoreError) => void): () => void
}

interface Entry {
  readonly fileName: string
  readonly listener: () => void
  readonly onLost: ((error: StoreError) => void) | undefined
}

export function createFolderWatch(folder: SessionFolder): FolderWatch {
  const entries = new Set<Entry>()
  let watcher: FolderWatcher | undefined

  /** In a turn of its own; an entry that was removed before is not called any more. */
  function call(entry: Entry, work: (entry: Entry) => void): void {
    queueMicrotask(() => entries.has(entry) && work(entry))
  }

  function hint(isMeant: (entry: Entry) => boolean): void {
    for (const entry of entries) if (isMeant(entry)) call(entry, ({ listener }) => listener())
  }

  function start(): FolderWatcher {
    try {
      folder.ensure()
    } catch {
      // Reading says why; the watch begins once there is a folder.
    }
    return watchFolder(folder, {
      changed: (name) => hint(({ fileName }) => name === null || name === fileName),
      lost: (error) => {
        for (const entry of entries) call(entry, ({ onLost }) => onLost?.(error))
      },
      looked: () => hint(({ onLost }) => onLost === undefined),
    })
  }

  return {
    add(fileName, listener, onLost) {
      const entry: Entry = { fileName, listener, onLost }
      watcher ??= start()
      entries.add(entry)
      const { loss } = watcher
      if (loss !== undefined) call(entry, () => onLost?.(loss))
      return () => {
        if (!entries.delete(entry) || entries.size > 0) return
        watcher?.stop()
        watcher = undefined
      }
    },
  }
}
