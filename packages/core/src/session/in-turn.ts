import type { SessionParts } from './session-parts.ts'

/**
 * Lets sign-ins and sign-outs of one session happen in the order in which they were called: otherwise what is stored
 * and what is served could differ. The first in line begins at once.
 */
export function inTurn<Value>(parts: SessionParts, change: () => Promise<Value>): Promise<Value> {
  const changed = parts.identityChange === undefined ? change() : parts.identityChange.then(change)
  const settled = changed.then(ignore, ignore).then(() => {
    if (parts.identityChange === settled) parts.identityChange = undefined
  })
  parts.identityChange = settled
  parts.background.add(settled)
  return changed
}

function ignore() {}
