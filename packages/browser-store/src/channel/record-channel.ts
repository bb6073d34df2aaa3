import { type SessionRecord, StoreError } from '@authchart/core/store'

/** What tabs tell each other of a record: nothing secret. */
export interface RecordNews {
  readonly key: string
  readonly generation: number
  readonly status: SessionRecord['status']
}

/** Tells the sessions that are open, in this tab and in others, that their record may have changed. */
export interface RecordChannel {
  announce(news: RecordNews): void
  /** Tells all watches of this tab. */
  hintAtAll(): void
  /** @param onLost is told where the browser has no such channels */
  watch(key: string, listener: () => void, onLost?: (error: StoreError) => void): () => void
}

interface Watch {
  readonly key: string
  readonly listener: () => void
}

const noChannels =
  'This browser has no BroadcastChannel, so what other tabs do to a session is noticed later. Update it if you can.'

/** A channel that is open while there are watches and the page is there. */
export function createRecordChannel(name: string): RecordChannel {
  const watches = new Set<Watch>()
  let channel: BroadcastChannel | undefined

  function hint(key?: string): void {
    for (const watch of watches) {
      if (key !== undefined && key !== watch.key) continue
      // A watch that was ended before its turn came is not called any more.
      queueMicrotask(() => watches.has(watch) && watch.listener())
    }
  }

  function open(): void {
    // Not where a page is rendered on a server: there a channel would keep the process alive.
    if (globalThis.indexedDB === undefined || !hasChannels()) return
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
      if (!hasChannels()) return
      const passing = new BroadcastChannel(name)
      passing.postMessage(news)
      passing.close()
    },
    hintAtAll: () => hint(),
    watch(key, listener, onLost) {
      const watch: Watch = { key, listener }
      if (watches.size === 0) {
        open()
        listen('addEventListener')
      }
      watches.add(watch)
      if (globalThis.indexedDB !== undefined && !hasChannels()) {
        queueMicrotask(() => watches.has(watch) && onLost?.(new StoreError('storeUnavailable', noChannels)))
      }
      return () => {
        if (!watches.delete(watch) || watches.size > 0) return
        listen('removeEventListener')
        close()
      }
    },
  }
}

function hasChannels(): boolean {
  return globalThis.BroadcastChannel !== undefined
}
