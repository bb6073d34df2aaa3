import { writeSync } from 'node:fs'
import { createSession, isSessionError, memoryStore, type TokenSetInput } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'

/** A program that asks for a token and has nothing else to do. */
export interface WaitForTokenInput {
  readonly issuer: string
  readonly tokenSet: TokenSetInput
}

const { issuer, tokenSet } = JSON.parse(process.argv[2] ?? '{}') as WaitForTokenInput
const session = createSession({
  key: 'acme:alice',
  store: memoryStore(),
  grant: refreshTokenGrant({ issuer, clientId: 'acme' }),
})
await session.signIn(tokenSet)
session.getAccessToken().then(
  () => writeSync(1, 'token\n'),
  (error: unknown) => writeSync(1, `failed ${isSessionError(error) ? error.code : String(error)}\n`),
)
