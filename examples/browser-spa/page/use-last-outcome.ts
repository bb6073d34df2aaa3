import { getSessionActor, type SessionContext } from '@authchart/core/machine'
import { useSelector } from '@xstate/react'
import { session } from './session.ts'

/** Any part of the chart, by a selector. Here, the last request whose outcome it was told. */
export function useLastOutcome(): SessionContext['lastOutcome'] {
  return useSelector(getSessionActor(session), ({ context }) => context.lastOutcome)
}
