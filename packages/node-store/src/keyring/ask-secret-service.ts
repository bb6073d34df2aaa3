import { connect, type Socket } from 'node:net'
import { geteuid } from 'node:process'
import { callWhenLate } from './bounded.ts'
import { formatMethodCall, type Reply, readBooleanVariant, readMessage } from './dbus-message.ts'

/**
 * How the Secret Service is: `noAnswer` covers a bus that cannot be reached and a service that does not exist, which
 * the keyring library tells apart.
 */
export type SecretServiceState = 'locked' | 'ready' | 'mute' | 'noAnswer'

/**
 * Asks the Secret Service whether the user's default keyring is locked, without blocking and without a prompt.
 *
 * The keyring library's constructor blocks the event loop for 2 s where the service is mute, and its operations have the
 * user asked for a password where it is locked: a background refresh must do neither, so this is asked first.
 *
 * @param path of the session bus's socket
 * @see Secret Service API, "Collection", property `Locked`
 */
export async function askSecretService(
  path: string,
  { milliseconds }: { milliseconds: number },
): Promise<SecretServiceState> {
  const { promise, resolve } = Promise.withResolvers<SecretServiceState>()
  const socket = connect(path)
  const stop = callWhenLate(() => resolve('mute'), milliseconds)
  socket.on('error', () => resolve('noAnswer'))
  socket.on('close', () => resolve('noAnswer'))
  // All at once, as sd-bus sends it: what follows a refusal is not read.
  socket.on('connect', () => socket.write(Buffer.concat([Buffer.from(authentication()), ...questions])))
  onAnswer(socket, (reply) => resolve(judgeReply(reply)))
  try {
    return await promise
  } finally {
    stop()
    socket.destroy()
  }
}

/** D-Bus specification, "Authentication Protocol", EXTERNAL: the user's number, which the kernel vouches for. */
function authentication(): string {
  return `\0AUTH EXTERNAL ${Buffer.from(String(geteuid?.() ?? 0)).toString('hex')}\r\nBEGIN\r\n`
}

/** The bus wants to be greeted first. */
const questions = [
  formatMethodCall({
    serial: 1,
    destination: 'org.freedesktop.DBus',
    path: '/org/freedesktop/DBus',
    interface: 'org.freedesktop.DBus',
    member: 'Hello',
  }),
  formatMethodCall({
    serial: 2,
    destination: 'org.freedesktop.secrets',
    path: '/org/freedesktop/secrets/aliases/default',
    interface: 'org.freedesktop.DBus.Properties',
    member: 'Get',
    texts: ['org.freedesktop.Secret.Collection', 'Locked'],
  }),
]

function judgeReply({ kind, body }: Reply): SecretServiceState {
  // An error: no such service, or no default keyring yet. What that means comes out when an entry is used.
  if (kind === 'error') return 'noAnswer'
  return readBooleanVariant(body) === true ? 'locked' : 'ready'
}

/** Listens for the answer to the last question. */
function onAnswer(socket: Socket, answered: (reply: Reply) => void): void {
  let received = Buffer.alloc(0)
  let isAccepted = false
  let replies = 0
  socket.on('data', (chunk) => {
    received = Buffer.concat([received, chunk])
    if (!isAccepted) {
      const end = received.indexOf('\r\n')
      if (end === -1) return
      if (!received.toString('latin1', 0, end).startsWith('OK ')) return void socket.destroy()
      received = received.subarray(end + 2)
      isAccepted = true
    }
    for (let message = readMessage(received); message !== undefined; message = readMessage(received)) {
      received = received.subarray(message.length)
      // Signals come in between; answers come in the order of the questions.
      if (message.reply.kind !== 'other') replies += 1
      if (message.reply.kind !== 'other' && replies === questions.length) answered(message.reply)
    }
  })
}
