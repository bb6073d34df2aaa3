import type { Database } from '../database/database.ts'
import { later } from '../database/time.ts'
import { channelOf, payloadOf } from './channels.ts'

/** Results within this time are told in one statement, in milliseconds. */
const gatherMilliseconds = 10
const longestPauseMilliseconds = 60_000
/** More than this are not kept while the database is away: listeners look when it is back. */
const mostKept = 10_000

/** Tells other processes that records have changed. */
export interface Publisher {
  /** @param revision escaped; `null` where the record is gone */
  publish(key: string, revision: string | null): void
  close(): Promise<void>
}

/**
 * By NOTIFY, in statements of their own that wait for no disk: inside the transaction of a write, all writes of the
 * server would wait for each other.
 */
export function createPublisher(database: Database): Publisher {
  const sql = `select pg_notify(hint ->> 0, hint ->> 1)
from (select set_config('synchronous_commit', 'off', true) as setting) quick, json_array_elements($1::text::json) hint
where quick.setting = 'off'`
  const news = new Map<string, string | null>()
  let failures = 0
  let isPlanned = false
  let sending: Promise<void> | undefined

  async function send(): Promise<void> {
    const batch = [...news]
    news.clear()
    const hints = batch.map(([key, revision]) => [channelOf(key, database.schema), payloadOf(key, revision)])
    try {
      await database.run(sql, [JSON.stringify(hints)])
      failures = 0
    } catch {
      failures += 1
      for (const [key, revision] of batch) if (news.size < mostKept && !news.has(key)) news.set(key, revision)
    }
  }

  function plan(): void {
    if (isPlanned || news.size === 0) return
    isPlanned = true
    const milliseconds = failures === 0 ? gatherMilliseconds : Math.min(250 * 2 ** failures, longestPauseMilliseconds)
    later(milliseconds, () => {
      sending = send().finally(() => {
        isPlanned = false
        plan()
      })
    })
  }

  return {
    publish(key, revision) {
      news.set(key, revision)
      plan()
    },
    async close() {
      await sending
      if (news.size > 0 && failures === 0) await send()
      news.clear()
    },
  }
}
