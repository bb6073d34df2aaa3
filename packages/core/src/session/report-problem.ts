/**
 * Shows an error that a listener of the app threw. A session must not fail for it, and in Node an error that nobody
 * catches would end the process.
 */
export function reportListenerError(listener: string, error: unknown): void {
  console.error(`authchart: a listener of ${listener} threw:`, error)
}
