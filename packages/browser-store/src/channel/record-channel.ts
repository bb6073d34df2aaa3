import type { SessionRecord } from '@authchart/core/store'

/** What tabs tell each other of a record: nothing secret. */
export interface RecordNews {
  readonly key: string
  readonly generation: number
  readonly status: SessionRecord['status']
}

/** Tells those who have a session open, in this tab and in others, that its record may have changed. */
export interface RecordChannel {
  announce(news: RecordNews): void
  /** Tells everybody in this tab, whatever they watch. */
  hintAtAll(): void
  watch(key: string, listener: () => void): () => void
}

interface Watch {
  readonly key: string
  readonly listener: () => void
}

/** A channel that is open while somebody watches and the page is there. */
export function createRecordChannel(name: string): RecordChannel {
  const watches = new Set<Watch>()
  let channel: BroadcastChannel | undefined

  function hint(key?: string): void {
    for (const watch of watches) {
      if (key !== undefined && key !== watch.key) continue
      // Whoever ends its watch before its turn comes is not called any more.
      queueMicrotask(() => watches.has(watch) && watch.listener())
    }
  }

  function open(): void {
    // Not where a page is rendered on a server: there a channel would keep the process alive.
    if (globalThis.indexedDB === undefined) return
    channel ??= new BroadcastChannel(name)
    channel.onmessage = ({ data }: MessageEvent<Partial<RecordNews> | null>) => hint(data?.key)
  }

  function close(): void {
    channel?.close()
    channel = undefined
  }

  function goOn(): void {
    if (channel !== undefined) return
    open()
    // Nothing was heard meanwhile.
    hint()
  }

  /**
   * A page in the back and forward cache is thrown out of it by the first message it gets. One that is frozen gets
   * messages too, and would begin to read: no other tab could write until it has read to the end, which it cannot.
   */
  function listen(change: 'addEventListener' | 'removeEventListener'): void {
    const { document } = globalThis as Partial<typeof globalThis>
    globalThis[change]?.('pagehide', close)
    globalThis[change]?.('pageshow', goOn)
    document?.[change]('freeze', close)
    document?.[change]('resume', goOn)
  }

  return {
    announce(news) {
      hint(news.key)
      if (channel !== undefined) return channel.postMessage(news)
      const passing = new BroadcastChannel(name)
      passing.postMessage(news)
      passing.close()
    },
    hintAtAll: () => hint(),
    watch(key, listener) {
      const watch: Watch = { key, listener }
      if (watches.size === 0) {
        open()
        listen('addEventListener')
      }
      watches.add(watch)
      return () => {
        if (!watches.delete(watch) || watches.size > 0) return
        listen('removeEventListener')
        close()
      }
    },
  }
}
