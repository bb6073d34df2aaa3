/**
 * Resolves once a condition holds, for what tells nobody when it changes: it is looked at again and again, with a pause.
 * A look that costs something, such as at a program that starts, leaves more of the machine to others with a longer one.
 *
 * @throws after `withinMilliseconds` (default 30,000, which ends what hangs and times nothing), saying what was waited for
 */
export async function eventually(
  isMet: () => boolean | Promise<boolean>,
  {
    description,
    withinMilliseconds = 30_000,
    pauseMilliseconds = 2,
  }: { description: string; withinMilliseconds?: number; pauseMilliseconds?: number },
): Promise<void> {
  const deadline = performance.now() + withinMilliseconds
  while (!(await isMet())) {
    if (performance.now() > deadline) throw new Error(`Waited ${withinMilliseconds} ms in vain: ${description}`)
    await new Promise((resolve) => setTimeout(resolve, pauseMilliseconds))
  }
}
