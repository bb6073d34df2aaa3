import { isSessionError } from '@authchart/core'
import { signInByLoopback } from '@authchart/node-store/loopback'
import type { Configuration } from './configuration.ts'
import { openStore, openUserSession } from './sessions.ts'

/** Signs the user in, in the folder that the service reads, and returns the exit code. */
export async function signIn(configuration: Configuration): Promise<number> {
  const { issuer, user } = configuration
  await using session = openUserSession(configuration, openStore(configuration))
  try {
    await signInByLoopback(session, { issuer, clientId: user.clientId, scope: user.scope })
    console.log('Signed in.')
    return 0
  } catch (error) {
    if (!isSessionError(error)) throw error
    console.error(error.message)
    return 1
  }
}
