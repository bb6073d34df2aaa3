import { createSession, memoryStore } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { signInByLoopback } from '@authchart/node-store/loopback'

/** A command-line program as its author would write it: it signs in and is done. */
const server = JSON.parse(process.argv[2] ?? '{}') as { issuer: string; clientId: string }
const session = createSession({ key: 'acme', store: memoryStore(), grant: refreshTokenGrant(server) })
await signInByLoopback(session, { ...server, scope: 'openid offline_access', prompt: 'consent', loginHint: 'erin' })
console.log(`signed in as ${session.claims?.sub}`)
