import { isStoreError, type StoreError, type StoreErrorCode } from '../../errors/store-error.ts'

/** Fails the case unless the claim holds. */
export function expectThat(claim: boolean, otherwise: string): asserts claim {
  if (!claim) throw new Error(`The store breaks its contract: ${otherwise}`)
}

/** Fails the case unless both are the same, but for the order of their fields and those that are `undefined`. */
export function expectEqual(actual: unknown, expected: unknown, what: string): void {
  const [found, wanted] = [inOrder(actual), inOrder(expected)]
  if (found === wanted) return
  expectThat(false, `${what} is ${excerpt(found)} where ${excerpt(wanted)} was expected.`)
}

/** The `StoreError` that the operation throws; fails the case when it throws none, or one with another code. */
export async function expectStoreError(
  operation: () => unknown,
  { what, codes }: { what: string; codes?: readonly StoreErrorCode[] },
): Promise<StoreError> {
  let outcome: unknown
  try {
    outcome = await operation()
  } catch (error) {
    expectThat(isStoreError(error), `${what} threw an error that is not a StoreError: ${nameOf(error)}`)
    const isExpected = codes === undefined || codes.includes(error.code as StoreErrorCode)
    expectThat(isExpected, `${what} threw the code ${error.code} where one of ${codes?.join(', ')} was expected.`)
    return error
  }
  throw new Error(`The store breaks its contract: ${what} threw nothing, and answered ${excerpt(inOrder(outcome))}`)
}

/** The promise's outcome, unless it takes too long: then the case fails. */
export async function within<Value>(
  milliseconds: number,
  { what, work }: { what: string; work: Promise<Value> },
): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(
    () => reject(new Error(`The store breaks its contract: ${what} took more than ${milliseconds} ms.`)),
    milliseconds,
  )
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Resolves once the claim holds; fails the case when it does not in time. */
export async function until(
  isMet: () => boolean | Promise<boolean>,
  { what, milliseconds }: { what: string; milliseconds: number },
): Promise<void> {
  const deadline = performance.now() + milliseconds
  while (!(await isMet())) {
    expectThat(performance.now() < deadline, `${what} did not come to pass within ${milliseconds} ms.`)
    await nextTask()
  }
}

/** Lets timers, messages and I/O that are ready have their turn. */
export function nextTask(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1))
}

function nameOf(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error)
}

/** A value as JSON whose fields are sorted. */
function inOrder(value: unknown): string {
  const sorted = JSON.stringify(value, (_name, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([one], [other]) => (one < other ? -1 : 1)))
      : part,
  )
  return sorted ?? 'undefined'
}

function excerpt(text: string): string {
  return text.length > 400 ? `${text.slice(0, 400)}… (${text.length} characters)` : text
}
