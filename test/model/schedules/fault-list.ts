/** Faults by the number of the operation that they strike. */
export interface FaultList<Fault> {
  /** What is wrong with the next operation, if anything. */
  take(): Fault | undefined
  /** Nothing is wrong any more. */
  heal(): void
}

/** @param onFault hears of each fault that strikes */
export function createFaultList<Fault>(
  faults: readonly { readonly at: number; readonly fault: Fault }[],
  onFault: () => void,
): FaultList<Fault> {
  const byNumber = new Map(faults.map(({ at, fault }) => [at, fault]))
  let next = 0
  return {
    take() {
      const fault = byNumber.get(next)
      next += 1
      if (fault !== undefined) onFault()
      return fault
    },
    heal: () => byNumber.clear(),
  }
}
