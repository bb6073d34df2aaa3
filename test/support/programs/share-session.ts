import { writeSync } from 'node:fs'
import { stdin } from 'node:process'
import { createInterface } from 'node:readline'
import { createSession, isSessionError } from '@authchart/core'
import { clientCredentialsGrant, clientSecretPost, refreshTokenGrant } from '@authchart/core/oauth'
import type { Lease, SessionStore } from '@authchart/core/store'
import { type NodeStoreInput, openNodeStore } from '../node-store-input.ts'

/** A process that shares a session with others: opens it, and does what it is told on its standard input. */
export interface ShareSessionInput {
  readonly issuer: string
  readonly clientId: string
  /** Makes it a session on client credentials, which signs in by itself. */
  readonly clientSecret?: string
  readonly key: string
  readonly store: NodeStoreInput
  readonly maximumWaitMilliseconds?: number
  /** Whether it goes by `steps.ts`. */
  readonly steps?: boolean
}

/** What one token cost, of a loop. */
export interface LoopFigures {
  readonly tokens: number
  readonly refreshed: number
  readonly adopted: number
  /** How long a caller waited at worst, in milliseconds. */
  readonly worstWait: number
  readonly failures: Readonly<Record<string, number>>
  readonly ended: boolean
}

const {
  issuer,
  clientId,
  clientSecret,
  key,
  store: storeInput,
  steps = false,
  ...options
} = JSON.parse(process.argv[2] ?? '{}') as ShareSessionInput
const { nowWriting, reach } = steps ? await import('../steps.ts') : { nowWriting: () => {}, reach: () => {} }
const grant =
  clientSecret === undefined
    ? refreshTokenGrant({ issuer, clientId })
    : clientCredentialsGrant({ issuer, clientId, clientAuthentication: clientSecretPost(clientSecret), scope: 'api' })
const session = createSession({
  key,
  store: withSteps(openNodeStore(storeInput)),
  grant: {
    ...grant,
    async refresh(request) {
      reach('before sending')
      const outcome = await grant.refresh(request)
      reach('answered')
      return outcome
    },
  },
  ...options,
})
const notices: string[] = []
session.on('*', ({ type }) => notices.push(type))
await session.ready
print('ready')

for await (const line of createInterface({ input: stdin })) {
  const [command, argument = ''] = line.split(' ')
  if (command === 'token') await show(session.getAccessToken())
  if (command === 'refresh') await show(session.refresh())
  // Nobody waits for it.
  if (command === 'begin') session.refresh().catch(() => {})
  if (command === 'loop') print(`figures ${JSON.stringify(await loop(Number(argument)))}`)
  // The session stays open: the process is to end all the same.
  if (command === 'leave') break
}
stdin.destroy()

async function show(work: Promise<{ generation: number }>): Promise<void> {
  try {
    print(`generation ${(await work).generation}`)
  } catch (error) {
    print(`failed ${isSessionError(error) ? error.code : String(error)}`)
  }
}

/** Asks for a token again and again, as a program does that makes requests. */
async function loop(milliseconds: number): Promise<LoopFigures> {
  const until = performance.now() + milliseconds
  const failures: Record<string, number> = {}
  let tokens = 0
  let worstWait = 0
  while (performance.now() < until) {
    const asked = performance.now()
    try {
      await session.getAccessToken()
      tokens += 1
    } catch (error) {
      const code = isSessionError(error) ? error.code : String(error)
      failures[code] = (failures[code] ?? 0) + 1
    }
    worstWait = Math.max(worstWait, performance.now() - asked)
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  // What is under way is counted as well.
  await new Promise<void>((resolve) => {
    const look = () => session.getSnapshot().status !== 'refreshing' && resolve()
    session.subscribe(look)
    look()
  })
  const count = (type: string) => notices.filter((notice) => notice === type).length
  return {
    tokens,
    worstWait,
    failures,
    refreshed: count('refreshed'),
    adopted: count('adopted'),
    ended: notices.includes('ended'),
  }
}

/** The store, saying where the procedure is. */
function withSteps(store: SessionStore): SessionStore {
  return {
    ...store,
    async lease(leased, leaseOptions): Promise<Lease> {
      reach('before the lease')
      const lease = await store.lease(leased, leaseOptions)
      reach('leased')
      return {
        lost: lease.lost,
        async [Symbol.asyncDispose]() {
          reach('before giving back')
          await lease[Symbol.asyncDispose]()
          reach('given back')
        },
      }
    },
    async compareAndSet(written, expectedRevision, next) {
      const what = next.refreshIntent === undefined ? 'tokens' : 'intent'
      nowWriting(what)
      const isWritten = await store.compareAndSet(written, expectedRevision, next)
      nowWriting('other')
      reach(`${what}: stored`)
      return isWritten
    },
  }
}

/** At once, whatever becomes of the process. */
function print(line: string): void {
  writeSync(1, `${line}\n`)
}
