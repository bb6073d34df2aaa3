import { type FSWatcher, watch } from 'node:fs'
import { toFileError } from '../folder/file-error.ts'
import type { SessionFolder } from '../folder/session-folder.ts'

/** Who wants to hear of which file. */
export interface FolderWatch {
  /**
   * Calls back after a file may have changed. Does not keep the process alive.
   * @throws StoreError where the system does not tell
   */
  add(fileName: string, listener: () => void): () => void
}

/**
 * Watches a folder for as long as somebody listens. The folder, not its files: a watch on a file follows the old one
 * when another is renamed over it.
 */
export function createFolderWatch(folder: SessionFolder): FolderWatch {
  const listeners = new Map<string, Set<() => void>>()
  let watcher: FSWatcher | undefined

  function announce(fileName: string | null) {
    // Without a name, it may be any of them.
    const names = fileName === null ? [...listeners.keys()] : [fileName]
    // Whoever ends its watch while others are told is not called any more: sets leave out what was removed.
    for (const name of names) for (const listener of listeners.get(name) ?? []) listener()
  }

  function start() {
    if (watcher !== undefined) return
    folder.ensure()
    try {
      watcher = watch(folder.path, { persistent: false }, (_event, fileName) => announce(fileName))
    } catch (error) {
      throw toFileError(error, `watch ${folder.path}`)
    }
    // The folder is gone, say. Hints are a help, not a need.
    watcher.on('error', stop)
  }

  function stop() {
    watcher?.close()
    watcher = undefined
  }

  return {
    add(fileName, listener) {
      start()
      const set = listeners.get(fileName) ?? new Set()
      // One entry per call, so that watching twice with the same function takes two calls to undo.
      const entry = () => listener()
      listeners.set(fileName, set.add(entry))
      return () => {
        set.delete(entry)
        if (set.size === 0 && listeners.get(fileName) === set) listeners.delete(fileName)
        if (listeners.size === 0) stop()
      }
    },
  }
}
