import { createHash } from 'node:crypto'
import { posix, win32 } from 'node:path'

/**
 * The folder for a service's sessions where the app names none.
 *
 * In the user's home of record, not where `HOME` or `XDG_DATA_HOME` point: two processes with different environments
 * share one keyring entry, so they must share one lock.
 */
export function defaultFolder(service: string, { home, platform }: { home: string; platform: string }): string {
  const name = folderNameOf(service)
  if (platform === 'win32') return win32.join(home, 'AppData', 'Local', 'authchart', name)
  if (platform === 'darwin') return posix.join(home, 'Library', 'Application Support', 'authchart', name)
  return posix.join(home, '.local', 'share', 'authchart', name)
}

/** The service's name where it is a plain one; else what is plain in it, and enough to tell it from all others. */
function folderNameOf(service: string): string {
  if (/^[a-z0-9][a-z0-9._-]{0,60}[a-z0-9]$|^[a-z0-9]$/.test(service)) return service
  const plain = service
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '-')
    .slice(0, 40)
  return `${plain}_${createHash('sha256').update(service).digest('hex').slice(0, 16)}`
}
