import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env, kill } from 'node:process'
import { createInterface } from 'node:readline'

/** A real Secret Service: gnome-keyring on a session bus of its own, in a home of its own, without a display. */
export interface SecretService extends AsyncDisposable {
  /** What a program needs in its environment to find it. */
  readonly environment: Readonly<Record<string, string>>
  lock(): Promise<void>
  unlock(): Promise<void>
  /** Stops the service where it is: it takes questions, and answers none. */
  pause(): void
  resume(): void
  /** Runs `gdbus` with these arguments on its bus, and gives what it prints. */
  gdbus(...argumentList: string[]): Promise<string>
}

const password = 'correct horse battery staple'
const collection = '/org/freedesktop/secrets/collection/login'

/** Inside the bus; ends with its standard input. The password has no newline: it would be a part of it. */
const script = `
printf %s "$1" | gnome-keyring-daemon --foreground --unlock --components=secrets >/dev/null 2>&1 &
daemon=$!
gdbus wait --session --timeout 20 org.freedesktop.secrets || exit 1
until gdbus call --session --dest org.freedesktop.secrets --object-path /org/freedesktop/secrets/aliases/default \\
  --method org.freedesktop.DBus.Properties.Get org.freedesktop.Secret.Collection Locked 2>/dev/null | grep -q false
do sleep 0.05; done
echo "ready $daemon $DBUS_SESSION_BUS_ADDRESS"
cat >/dev/null
kill -KILL $daemon
`

/** Starts it, unlocked. */
export async function startSecretService(): Promise<SecretService> {
  const home = await mkdtemp(join(tmpdir(), 'authchart-keyring-'))
  const folders = { HOME: home, XDG_RUNTIME_DIR: join(home, 'runtime'), XDG_DATA_HOME: join(home, 'data') }
  for (const folder of [folders.XDG_RUNTIME_DIR, folders.XDG_DATA_HOME]) await mkdir(folder, { mode: 0o700 })
  const child = spawn('dbus-run-session', ['--', 'bash', '-c', script, 'secret-service', password], {
    env: { PATH: env.PATH ?? '', ...folders },
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  const exited = once(child, 'exit')
  const { daemon, address } = await readReadyLine(child)
  const environment = { ...folders, DBUS_SESSION_BUS_ADDRESS: address }

  function gdbus(...argumentList: string[]): Promise<string> {
    return run('gdbus', argumentList, { PATH: env.PATH ?? '', ...environment })
  }

  return {
    environment,
    gdbus,
    async lock() {
      const method = ['--method', 'org.freedesktop.Secret.Service.Lock', `['${collection}']`]
      await gdbus('call', '--session', '--dest', 'org.freedesktop.secrets', ...objectPath, ...method)
    },
    unlock: () => unlock(join(folders.XDG_RUNTIME_DIR, 'keyring', 'control')),
    pause: () => void kill(daemon, 'SIGSTOP'),
    resume: () => void kill(daemon, 'SIGCONT'),
    async [Symbol.asyncDispose]() {
      kill(daemon, 'SIGCONT')
      child.stdin?.end()
      await exited
      await rm(home, { recursive: true, force: true })
    },
  }
}

const objectPath = ['--object-path', '/org/freedesktop/secrets'] as const

async function readReadyLine(child: ChildProcess): Promise<{ daemon: number; address: string }> {
  if (child.stdout === null) throw new Error('The output is not piped.')
  for await (const line of createInterface(child.stdout)) {
    const [, daemon, address] = /^ready (\d+) (.+)$/.exec(line) ?? []
    if (daemon !== undefined && address !== undefined) return { daemon: Number(daemon), address }
  }
  throw new Error('The Secret Service did not start.')
}

/** As the login does it: by the daemon's control socket, operation 1 with the password (gkd-control-codes.h). */
async function unlock(controlSocket: string): Promise<void> {
  const text = Buffer.from(password)
  const packet = Buffer.alloc(13 + text.length)
  packet.writeUInt32BE(12 + text.length, 1)
  packet.writeUInt32BE(1, 5)
  packet.writeUInt32BE(text.length, 9)
  text.copy(packet, 13)
  const socket = connect(controlSocket)
  socket.write(packet)
  const [answer] = (await once(socket, 'data')) as [Buffer]
  socket.destroy()
  if (answer.readUInt32BE(4) !== 0) throw new Error(`Not unlocked: ${answer.toString('hex')}`)
}

async function run(
  command: string,
  argumentList: readonly string[],
  environment: Record<string, string>,
): Promise<string> {
  const child = spawn(command, argumentList, { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
  let printed = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    printed += text
  })
  const [code] = await once(child, 'close')
  if (code !== 0) throw new Error(`${command} ended with ${code}: ${printed}`)
  return printed
}
