import type { IdTokenClaims, SessionSnapshot } from '@authchart/core'
import { getSessionActor, type SessionContext } from '@authchart/core/machine'
import { useSelector } from '@xstate/react'
import { useSyncExternalStore } from 'react'
import { session } from './session.ts'

/** How the session is. This is the whole binding to React. */
export function useSession(): SessionSnapshot {
  return useSyncExternalStore(session.subscribe, session.getSnapshot)
}

/** Who is signed in, by the id token. */
export function useClaims(): IdTokenClaims | undefined {
  return useSyncExternalStore(session.subscribe, () => session.claims)
}

/** The other way: whatever of the chart itself, by a selector. Here, the last request whose outcome it was told. */
export function useLastOutcome(): SessionContext['lastOutcome'] {
  return useSelector(getSessionActor(session), ({ context }) => context.lastOutcome)
}
