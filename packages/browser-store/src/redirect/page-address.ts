/** Where in the entry's state of the history it is said where the user came from. */
const returnToName = 'authchart:returnTo'

/**
 * Takes the answer out of the page's address: out of the address bar, the history, and the `Referer` of what is
 * loaded from here on. Where the user came from stays with the entry, for a sign-in that is begun anew from here.
 */
export function cleanAddress(cleaned: string, returnTo: string | undefined): void {
  history.replaceState(withReturnTo(history.state, returnTo), '', cleaned)
}

/** Shows the address that the user came from. */
export function replaceAddress(address: string): void {
  history.replaceState(withReturnTo(history.state, undefined), '', address)
}

/** Where the user came from, if this is where a sign-in failed. */
export function findReturnTo(): unknown {
  const state: unknown = history.state
  return isObject(state) ? state[returnToName] : undefined
}

/** What the app's router keeps there stays. */
function withReturnTo(state: unknown, returnTo: string | undefined): unknown {
  if (state !== null && !isObject(state)) return state
  const { [returnToName]: _, ...others } = state ?? {}
  if (returnTo !== undefined) return { ...others, [returnToName]: returnTo }
  return state === null || Object.keys(others).length === 0 ? null : others
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
