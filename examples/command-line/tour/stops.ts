import { announce, runAcme, startAcme } from './run-acme.ts'
import type { World } from './world.ts'

/** Shows what the program does, command by command. */
export async function showAll(world: World): Promise<void> {
  await signInTwice(world)
  await callTwiceAtOnce(world)
  await watchTheWorst(world)
  await explainTheEnd(world)
}

async function signInTwice(world: World): Promise<void> {
  announce('Sign in from a machine without a browser. The code is typed in on another one.')
  const login = startAcme('login --device', world)
  const [, code = ''] = await login.says(/type (\S+)/)
  await world.server.answerDevice(code.replaceAll(escapes, ''), { approve: true })
  await login.exited
  announce('Sign in by the browser on this machine, as another user.')
  await runAcme('login --account bob', world)
  await runAcme('status', world)
}

/** Colours, as a terminal gets them. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they begin with one
const escapes = /\u001b\[\d+m/g

async function callTwiceAtOnce(world: World): Promise<void> {
  const { server } = world
  announce('Every token has expired, and two processes need one at once: there is one token request.')
  server.expireAccessTokens()
  server.resetCounts()
  await Promise.all([runAcme('call /orders --account bob', world), runAcme('call /invoices --account bob', world)])
  process.stdout.write(`token requests at the server: ${server.counts.total}\n`)
}

async function watchTheWorst(world: World): Promise<void> {
  const { server, api } = world
  announce('Watch a session of 4-second tokens. The API goes down and comes back; then the grant is revoked.')
  const watch = startAcme('watch --account alice --every 0.5', world)
  await watch.says(/token refreshed/)
  await api.goDown()
  await watch.says(/could not be reached/)
  await api.comeBack()
  await watch.says(/answers again/)
  const ended = watch.says(/has ended/)
  server.revokeGrant('alice')
  await ended
  watch.interrupt()
  await watch.exited
}

async function explainTheEnd(world: World): Promise<void> {
  announce('The state of the accounts. The exit code tells scripts that a sign-in is needed.')
  await runAcme('status', world)
  await runAcme('call /orders --account alice', world)
  announce('Why was alice signed out?')
  await runAcme('explain --account alice', world)
  announce('Leave nothing behind.')
  await runAcme('logout --all', world)
}
