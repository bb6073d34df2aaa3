/** More servers than one client talks to; the memory is for the length of the process. */
const mostOrigins = 100

/** What was last learnt of each server. */
export interface OriginMemory<Value> {
  find(url: string): Value | undefined
  remember(url: string, value: Value): void
}

/** Remembers one value for each origin; the origin that was not heard of for longest is forgotten first. */
export function createOriginMemory<Value>(): OriginMemory<Value> {
  const values = new Map<string, Value>()
  return {
    find: (url) => values.get(new URL(url).origin),
    remember(url, value) {
      const { origin } = new URL(url)
      // Set anew, it stands last: the first is the one to forget.
      values.delete(origin)
      values.set(origin, value)
      const [oldest] = values.keys()
      if (values.size > mostOrigins && oldest !== undefined) values.delete(oldest)
    },
  }
}
