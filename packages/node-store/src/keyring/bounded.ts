/**
 * What an operation comes to, unless it takes too long: then the operation goes on, and its outcome is not awaited.
 * @param options `late`: the error that it is then
 */
export async function bounded<Value>(
  work: Promise<Value>,
  { milliseconds, late }: { milliseconds: number; late: () => Error },
): Promise<Value> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(late()), milliseconds)
  // A failure that comes too late is not an unhandled rejection.
  work.catch(() => {})
  try {
    return await Promise.race([work, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
