/**
 * Resolves when the chart has dealt with the events sent so far. It usually has when `send` returns; not so when the
 * sender is a listener that the chart itself is just calling.
 */
export function chartHasHeard(): Promise<void> {
  return Promise.resolve()
}
