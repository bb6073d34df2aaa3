/** Lives a session's life on a store that is named, in Node, Bun or Deno. */
import { memoryStore, type Session, type SessionStore } from '@authchart/core'
import { askHands, liveSession, type World } from './session-life.ts'

export interface LiveSessionInput {
  readonly world: World
  readonly store: StoreInput
}

/** A store that another process can open too, except the one in memory. */
export type StoreInput =
  | { readonly kind: 'memory' }
  | { readonly kind: 'file'; readonly directory: string }
  | { readonly kind: 'keyring'; readonly directory: string }

const { world, store } = JSON.parse(process.argv[2] ?? '{}') as LiveSessionInput
console.log(
  JSON.stringify(await liveSession(world, await openStore(store), store.kind === 'file' ? signIn : undefined)),
)

async function openStore(input: StoreInput): Promise<SessionStore> {
  if (input.kind === 'memory') return memoryStore()
  const { directory } = input
  if (input.kind === 'keyring') {
    const { keyringStore } = await import('@authchart/node-store/keyring')
    return keyringStore({ service: 'authchart-runtimes', directory })
  }
  const { fileStore } = await import('@authchart/node-store/file')
  return fileStore({ directory, key: new Uint8Array(32).fill(7) })
}

/** By a browser that the far side has. */
async function signIn(session: Session, { issuer, clientId, hands }: World): Promise<void> {
  const { signInByLoopback } = await import('@authchart/node-store/loopback')
  await signInByLoopback(session, {
    issuer,
    clientId,
    scope: 'openid offline_access',
    prompt: 'consent',
    onUrl: () => {},
    openBrowser: (url) => askHands(hands, 'visit', url),
  })
}
