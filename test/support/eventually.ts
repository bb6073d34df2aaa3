/** How often a condition is looked at, in milliseconds. */
const pause = 2

/**
 * Resolves once a condition holds, for what tells nobody when it changes.
 * @throws after `withinMilliseconds` (default 30,000, which ends what hangs and times nothing), saying what was waited for
 */
export async function eventually(
  isMet: () => boolean | Promise<boolean>,
  { description, withinMilliseconds = 30_000 }: { description: string; withinMilliseconds?: number },
): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMilliseconds} ms in vain: ${description}`)
    await new Promise((resolve) => setTimeout(resolve, pause))
  }
}
