import type { Session, SessionSnapshot } from '@authchart/core'
import { type Readable, readable } from 'svelte/store'

/** The snapshot of a session as a store: `$snapshot` in a component, or `fromStore(snapshot).current` with runes. */
export function sessionSnapshot(session: Session): Readable<SessionSnapshot> {
  return readable(session.getSnapshot(), (set) => {
    // It may have changed since the last component was gone.
    set(session.getSnapshot())
    return session.subscribe(set)
  })
}
