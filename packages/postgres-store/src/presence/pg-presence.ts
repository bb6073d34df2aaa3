import { isStoreError, StoreError } from '@authchart/core/store'
import { codeOf } from '../database/database-error.ts'
import { jittered, monotonicNow, pause, within } from '../database/time.ts'
import type { PgClient } from './pg-client.ts'
import { type Presence, presenceClass } from './presence.ts'

/** How long connecting may take, in milliseconds: others take a lease over when they have seen the lock free for 3 s. */
const connectMilliseconds = 2_500
/** How long the connection before may go on holding the lock: the server notices a dead host within 25 s. */
const lockMilliseconds = 40_000
const longestPauseMilliseconds = 1_000
/** How often a silent connection is asked whether it lives, and how long it may take to answer, in milliseconds. */
const heartbeatMilliseconds = 10_000
const heartbeatAnswerMilliseconds = 5_000

/**
 * For this connection alone: it may be idle for ever, and a host that vanishes without a word is noticed 25 to 30 s after
 * it was heard last, which is up to 10 s before it vanished: `unansweredMilliseconds` later at the soonest.
 */
const settings = `select set_config(name, value, false) from (values
  ('application_name', 'authchart presence'), ('statement_timeout', '0'), ('lock_timeout', '0'),
  ('idle_session_timeout', '0'), ('tcp_keepalives_idle', '10'), ('tcp_keepalives_interval', '5'),
  ('tcp_keepalives_count', '3'), ('tcp_user_timeout', '25000')) settings (name, value)
  where name = 'application_name' or exists (select from pg_settings s where s.name = settings.name)`

/**
 * The presence of this process, on a connection of its own by the package `pg`: straight to PostgreSQL, not through a
 * pooler. One per process and store.
 *
 * With it, a process that is suspended keeps its leases, one that is killed loses them in about four seconds, and
 * hints come by LISTEN.
 *
 * @param createClient makes a new client, not connected, each time it is called
 * @example
 * presence: pgPresence(() => new Client({ connectionString: directUrl }))
 */
export function pgPresence(createClient: () => PgClient): Presence {
  let number = randomNumber()
  let isNumberOurs = false
  let connection: Connection | undefined
  let lostAt = Number.NEGATIVE_INFINITY
  let trouble: string | undefined
  let running: Promise<void> | undefined
  const first = Promise.withResolvers<void>()
  // Callers that wait for it hear when it fails; without one it is not an unhandled rejection.
  first.promise.catch(() => {})
  const closed = new AbortController()
  const channels = new Map<string, Set<(payload: string) => void>>()
  const regained = new Set<() => void>()

  function lose(lost: Connection): void {
    if (connection !== lost) return
    connection = undefined
    lostAt = monotonicNow()
  }

  /** Without a payload: something may have been told there that was not heard. */
  function tell(channel: string, payload = ''): void {
    for (const listener of channels.get(channel) ?? []) listener(payload)
  }

  async function takeLock(next: Connection): Promise<void> {
    if (isNumberOurs) {
      // Waiting in line counts as holding it: a holder that only tries does not get past. So nothing is taken over meanwhile.
      const work = next.query('select pg_advisory_lock($1::int, $2::int)', [presenceClass, number])
      await within(work, { milliseconds: lockMilliseconds, late: () => new Error('The lock did not come.') })
      return
    }
    const { rows } = await next.query('select pg_try_advisory_lock($1::int, $2::int)::text as taken', [
      presenceClass,
      number,
    ])
    isNumberOurs = (rows[0] as { taken?: string } | undefined)?.taken === 'true'
    if (isNumberOurs) return
    number = randomNumber()
    await takeLock(next)
  }

  /** Connects once; resolves when the connection is lost again. */
  async function hold(): Promise<void> {
    const client = createClient()
    const next = connectionOf(client)
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve())
      client.on('end', () => resolve())
    })
    client.on('notification', ({ channel, payload }) => {
      tell(channel, payload)
    })
    try {
      await within(greet(client, next), { milliseconds: connectMilliseconds, late: () => new Error('Too slow.') })
      await takeLock(next)
      client.unref?.()
      connection = next
      trouble = undefined
      if (channels.size > 0) await next.query([...channels.keys()].map((name) => `listen "${name}"`).join('; '))
      first.resolve()
      for (const listener of regained) listener()
      await Promise.race([ended, untilSilent(next, closed.signal)])
    } finally {
      lose(next)
      client.unref?.()
      client.end().catch(() => {})
    }
  }

  async function keepHolding(): Promise<void> {
    let wait = longestPauseMilliseconds / 16
    while (!closed.signal.aborted) {
      const began = monotonicNow()
      try {
        await hold()
      } catch (error) {
        if (isStoreError(error)) {
          first.reject(error)
          return
        }
        trouble = codeOf(error) ?? (error as Error).message
      }
      // One that was held for a while is made anew at once.
      wait = monotonicNow() - began > heartbeatMilliseconds ? 50 : Math.min(wait * 2, longestPauseMilliseconds)
      await pause(jittered(wait, 0.25), closed.signal)
    }
  }

  return {
    get number() {
      return number
    },
    get isHeld() {
      return connection !== undefined
    },
    get trouble() {
      return trouble
    },
    get lostAt() {
      return lostAt
    },
    start() {
      running ??= keepHolding()
      return first.promise
    },
    listen(channel, onNotification) {
      const listeners = channels.get(channel) ?? new Set()
      if (listeners.size === 0)
        void connection?.query(`listen "${channel}"`).then(
          () => tell(channel),
          () => {},
        )
      const entry = (payload: string) => onNotification(payload)
      channels.set(channel, listeners.add(entry))
      return () => {
        listeners.delete(entry)
        if (listeners.size > 0 || channels.get(channel) !== listeners) return
        channels.delete(channel)
        void connection?.query(`unlisten "${channel}"`).catch(() => {})
      }
    },
    onRegained(listener) {
      const entry = () => listener()
      regained.add(entry)
      return () => regained.delete(entry)
    },
    async close() {
      closed.abort()
      first.reject(new StoreError('storeUnavailable', 'The presence was closed.'))
      await running
    },
  }
}

/** A client that is asked one thing at a time: from pg 9 on, it keeps no queue. */
interface Connection {
  query(sql: string, values?: unknown[]): ReturnType<PgClient['query']>
}

function connectionOf(client: PgClient): Connection {
  let before: Promise<unknown> = Promise.resolve()
  return {
    query(sql, values) {
      const answer = before.then(() => client.query(sql, values))
      before = answer.catch(() => {})
      return answer
    },
  }
}

/** @throws StoreError when a pooler answers in place of PostgreSQL */
async function greet(client: PgClient, { query }: Connection): Promise<void> {
  await client.connect()
  const { rows } = await query('select pg_backend_pid()::text as pid')
  const pid = Number((rows[0] as { pid?: string } | undefined)?.pid)
  if (typeof client.processID === 'number' && client.processID !== pid) {
    throw new StoreError(
      'storeMissing',
      'The connection of `presence` goes through a pooler: another connection would hold the lock in its place. Give pgPresence the address of PostgreSQL itself, or leave `presence` out.',
    )
  }
  await query(settings)
}

/** Resolves once the connection does not answer any more, or the signal aborts. */
async function untilSilent({ query }: Connection, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await pause(jittered(heartbeatMilliseconds, 0.1), signal)
    if (signal.aborted) return
    try {
      const work = query('select 1')
      await within(work, { milliseconds: heartbeatAnswerMilliseconds, late: () => new Error('Silent.') })
    } catch {
      return
    }
  }
}

/** Positive, and not 0. */
function randomNumber(): number {
  return (crypto.getRandomValues(new Uint32Array(1))[0] as number) % 0x7fffffff || 1
}
