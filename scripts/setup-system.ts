/**
 * Installs the system packages that tests need: `pnpm setup:system`, which `pnpm test` calls first.
 *
 * On Debian and Ubuntu as root it installs what is missing. Elsewhere it only names it: the tests that need it are
 * skipped, and say so.
 */
import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { env, getuid } from 'node:process'

interface SystemPackage {
  /** The name apt knows it by. */
  readonly name: string
  /** A file that is there once it is installed. */
  readonly provides: string
  readonly neededFor: string
}

const keyring = 'the tests with a real keyring'

const database = 'test/postgres, with real database servers'

const systemPackages: readonly SystemPackage[] = [
  { name: 'gnome-keyring', provides: '/usr/bin/gnome-keyring-daemon', neededFor: keyring },
  { name: 'dbus', provides: '/usr/bin/dbus-run-session', neededFor: keyring },
  { name: 'libglib2.0-bin', provides: '/usr/bin/gdbus', neededFor: keyring },
  { name: 'chromium', provides: '/usr/bin/chromium', neededFor: 'tests in a browser' },
  { name: 'firefox-esr', provides: '/usr/bin/firefox-esr', neededFor: 'test/browser, the contract and six tabs' },
  {
    name: 'webkit2gtk-driver',
    provides: '/usr/bin/WebKitWebDriver',
    neededFor: 'test/browser, in the engine of Safari',
  },
  { name: 'xvfb', provides: '/usr/bin/Xvfb', neededFor: 'test/browser, in the engine of Safari' },
  // The version is the system's: /usr/lib/postgresql/15, say.
  { name: 'postgresql', provides: '/usr/lib/postgresql', neededFor: database },
  { name: 'pgbouncer', provides: '/usr/sbin/pgbouncer', neededFor: database },
]

const missing = systemPackages.filter((systemPackage) => !existsSync(systemPackage.provides))
if (missing.length === 0) {
  console.log('System packages: nothing is missing.')
} else if (existsSync('/usr/bin/apt-get') && getuid?.() === 0) {
  installWithApt(missing.map((systemPackage) => systemPackage.name))
} else {
  console.log('System packages: not installed here, so the tests that need them are skipped:')
  for (const { name, neededFor } of missing) console.log(`  ${name} (${neededFor})`)
}

function installWithApt(names: readonly string[]) {
  console.log(`System packages: installing ${names.join(', ')} with apt-get.`)
  const quietly = { stdio: 'inherit', env: { ...env, DEBIAN_FRONTEND: 'noninteractive' } } as const
  for (const command of [['update'], ['install', '--yes', '--no-install-recommends', ...names]]) {
    const { status } = spawnSync('apt-get', ['--quiet', '--quiet', ...command], quietly)
    if (status !== 0) {
      console.error(`System packages: \`apt-get ${command.join(' ')}\` failed.`)
      process.exit(1)
    }
  }
}
