import { existsSync } from 'node:fs'
import { platform } from 'node:process'

const tools = ['/usr/bin/gnome-keyring-daemon', '/usr/bin/dbus-run-session', '/usr/bin/gdbus']

/** What is missing for tests with a real keyring, which are skipped then; `undefined` when nothing is. Said out loud. */
export const missingKeyringTools: string | undefined = findMissing()

function findMissing(): string | undefined {
  const missing = tools.filter((tool) => !existsSync(tool))
  if (platform === 'linux' && missing.length === 0) return undefined
  const what = platform === 'linux' ? missing.join(', ') : 'a Linux with gnome-keyring'
  console.error(`SKIPPED: tests with a real keyring need ${what}. Run \`pnpm setup:system\`, on Debian as root.`)
  return what
}
