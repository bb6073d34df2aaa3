import { rename } from 'node:fs/promises'
import { platform } from 'node:process'
import { setTimeout as wait } from 'node:timers/promises'
import { errorCodeOf } from './file-error.ts'

/** How long a file that is in use is waited for, in milliseconds. Others wait for 8 s to write. */
const patience = 2_000

/** What Windows says of a file that is in use, by a virus scanner say, or of a folder that is. */
const inUse: ReadonlySet<string> = new Set(['EPERM', 'EACCES', 'EBUSY'])

/**
 * Puts a file in the place of another. On Windows that fails while another program has the file there open, so it is tried
 * again for a while.
 * @see https://github.com/isaacs/node-graceful-fs, "Improvements over fs module": renames on Windows
 */
export async function moveOver(
  from: string,
  to: string,
  system: { readonly platform: string; rename(from: string, to: string): Promise<void> } = { platform, rename },
): Promise<void> {
  const deadline = performance.now() + patience
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await system.rename(from, to)
    } catch (error) {
      const isPassing = system.platform === 'win32' && inUse.has(errorCodeOf(error) ?? '')
      if (!isPassing || performance.now() > deadline) throw error
      await wait(Math.min(attempt * 10, 100))
    }
  }
}
