interface SharedCompletion {
  readonly result: Promise<unknown>
  /** Where it has left the page; `undefined` while it goes on. */
  address: string | undefined
}

/** The latest completion of each session in this page, by the session's key. */
const completions = new Map<string, SharedCompletion>()

/** Lets calls for the session with this key share a completion from now on. */
export function shareCompletion(key: string, result: Promise<unknown>): void {
  const completion: SharedCompletion = { result, address: undefined }
  const settle = () => {
    completion.address = location.href
  }
  // If no caller waits for it any more, its failure must not count as unhandled.
  result.then(settle, settle)
  completions.set(key, completion)
}

/** The completion that goes on, or has left the page where it still is. After the user went elsewhere, its result was given out. */
export function findCompletion<Result>(key: string): Promise<Result> | undefined {
  const latest = completions.get(key)
  const isShared = latest !== undefined && (latest.address === undefined || latest.address === location.href)
  return isShared ? (latest.result as Promise<Result>) : undefined
}

/** Ends the sharing. */
export function forgetCompletion(key: string): void {
  completions.delete(key)
}
