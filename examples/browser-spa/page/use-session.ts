import type { IdTokenClaims, SessionSnapshot } from '@authchart/core'
import { getSessionActor, type SessionContext } from '@authchart/core/machine'
import { useSelector } from '@xstate/react'
import { useSyncExternalStore } from 'react'
import { session } from './session.ts'

/** The session's snapshot. This is the whole binding to React. */
export function useSession(): SessionSnapshot {
  return useSyncExternalStore(session.subscribe, session.getSnapshot)
}

/** The signed-in user, from the id token. */
export function useClaims(): IdTokenClaims | undefined {
  return useSyncExternalStore(session.subscribe, () => session.claims)
}

/** The other way: any part of the chart, by a selector. Here, the last request whose outcome it was told. */
export function useLastOutcome(): SessionContext['lastOutcome'] {
  return useSelector(getSessionActor(session), ({ context }) => context.lastOutcome)
}
