/** A tab of a browser, whichever drives it. */
export interface Tab {
  /**
   * Runs a function in the page, which sees nothing of its surroundings here; what it returns must be JSON, and promises
   * are awaited.
   */
  run<Value>(work: () => Value | Promise<Value>): Promise<Value>
  run<Value, Argument>(work: (argument: Argument) => Value | Promise<Value>, argument: Argument): Promise<Value>
  open(url: string): Promise<void>
  reload(): Promise<void>
  close(): Promise<void>
}
