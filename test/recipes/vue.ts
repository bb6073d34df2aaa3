import type { Session, SessionSnapshot } from '@authchart/core'
import { onScopeDispose, type ShallowRef, shallowReadonly, shallowRef } from 'vue'

/** The snapshot of a session, in a component or another scope of Vue. */
export function useSession(session: Session): Readonly<ShallowRef<SessionSnapshot>> {
  const snapshot = shallowRef(session.getSnapshot())
  onScopeDispose(
    session.subscribe((next) => {
      snapshot.value = next
    }),
  )
  return shallowReadonly(snapshot)
}
