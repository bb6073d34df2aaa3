import { text } from 'node:stream/consumers'
import { createSession, memoryStore, type Session, type TokenSetInput } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import { getSessionActor } from '@authchart/core/machine'
import { clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import ky from 'ky'

/** What this program uses and logs. It refreshes three times. */
export interface LogEverythingInput {
  readonly issuer: string
  readonly client: { readonly id: string; readonly secret: string }
  readonly tokenSet: TokenSetInput
  readonly apiOrigin: string
  /** Whether the last error is logged, or left to end the process. */
  readonly lastError: 'caught' | 'unhandled'
}

// By standard input: arguments can be read by everybody on the machine.
const input = JSON.parse(await text(process.stdin)) as LogEverythingInput
const { issuer, client, tokenSet, apiOrigin } = input

const session = createSession({
  key: 'acme:alice',
  store: memoryStore(),
  grant: refreshTokenGrant({ issuer, clientId: client.id, clientAuthentication: clientSecretPost(client.secret) }),
  allowedOrigins: [apiOrigin],
  debug: log,
})
session.subscribe(log)
session.on('*', log)
session.on('refreshed', () => {
  throw new Error('A listener of the app is broken')
})
getSessionActor(session).system.inspect(({ type }) => log(type))

await session.signIn(tokenSet)
log(await session.getAccessToken())
log(await session.refresh())
await logSession(session)
await createFetch(session)(apiOrigin).then(log, log)
await ky
  .extend({ hooks: createKyHooks(session) })(`${apiOrigin}/invoices`)
  .then(log, log)
await session.refresh().catch(log)
await logSession(session)
const last = session.refresh()
if (input.lastError === 'caught') {
  await last.catch(log)
  await logSession(session)
} else {
  // Nobody handles it: Node prints the error and ends with 1.
  void last
}

/** As careless programs do. */
function log(value: unknown) {
  console.log(value)
  console.log('%s %o %O %j', value, value, value, value)
  console.error(value)
  console.dir(value, { depth: 8, showHidden: false })
  console.log(`${value}`, String(value))
}

async function logSession(logged: Session) {
  const actor = getSessionActor(logged)
  for (const value of [logged.getSnapshot(), actor.getPersistedSnapshot(), actor.getSnapshot().context]) log(value)
  console.log(logged, actor, actor.system, actor.getSnapshot())
}
