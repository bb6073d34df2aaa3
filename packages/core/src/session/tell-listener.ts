/**
 * Calls a listener of the app. A session must not fail for what it throws, now or later, and in Node an error that
 * nobody catches would end the process: it is shown on the console.
 */
export function tellListener(name: string, call: () => unknown): void {
  try {
    const result = call()
    if (result instanceof Promise) result.catch((error: unknown) => reportListenerError(name, error))
  } catch (error) {
    reportListenerError(name, error)
  }
}

/** Shows an error that a listener of the app threw. */
export function reportListenerError(name: string, error: unknown): void {
  console.error(`authchart: a listener of ${name} threw:`, error)
}
