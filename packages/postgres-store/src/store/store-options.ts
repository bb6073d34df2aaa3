import { ConfigurationError, callable, checkOptions, required, ruleOf, type StoreError } from '@authchart/core/store'
import type { Query } from '../database/query.ts'
import type { HintPace } from '../hints/watches.ts'
import type { Presence } from '../presence/presence.ts'
import { requireSchema } from '../schema/schema-sql.ts'
import { isKeys, type KeySource } from '../seal/key-source.ts'

/** Options of `postgresStore`. */
export interface PostgresStoreOptions {
  /** Runs a statement on the primary, each in a transaction of its own: through your pool, with any driver. */
  readonly query: Query
  /**
   * Keys of 32 random bytes from your secret manager: the first seals, all of them open. Or where they come from: a KMS.
   */
  readonly keys: readonly Uint8Array[] | KeySource
  /**
   * That this process lives, on a connection of its own: `pgPresence` of `@authchart/postgres-store/pg`. Without it, a
   * lease is taken over when its time is up, and hints come by looking. Default: none.
   */
  readonly presence?: Presence
  /** The schema with the tables of `schemaSql()`. Default `authchart`. */
  readonly schema?: string
  /** For how long a lease lasts that is not renewed, in milliseconds, at least 5,000. Default 30,000. */
  readonly leaseMilliseconds?: number
  /**
   * How sessions hear of what other processes write. `auto` (default): by LISTEN with `presence`, else by looking every
   * 60 s. `false`: not at all, but at the next refresh or rejection.
   */
  readonly hints?: 'auto' | false | HintOptions
  /**
   * Called once for each session that is left out of `list()` and `page()` because it cannot be read. Default: a process
   * warning with the code `AUTHCHART_RECORD_UNREADABLE`, where there are such.
   */
  readonly onUnreadable?: (error: StoreError) => void
}

/** How hints come. */
export interface HintOptions {
  /** How often is looked where nothing tells, in milliseconds. Default 60,000. */
  readonly lookEveryMilliseconds?: number
  /** Whether processes that listen are told of what is written here. Default: with `presence`. */
  readonly notify?: boolean
}

/** Options, checked and with their defaults. */
export interface CheckedOptions {
  readonly query: Query
  readonly keys: readonly Uint8Array[] | KeySource
  readonly presence: Presence | undefined
  readonly schema: string
  readonly leaseMilliseconds: number
  readonly pace: HintPace | undefined
  readonly onUnreadable: (error: StoreError) => void
}

const defaultLeaseMilliseconds = 30_000
const shortestLeaseMilliseconds = 5_000
const defaultLookMilliseconds = 60_000

const rules = {
  query: required(callable),
  keys: required(ruleOf('a list of keys of 32 bytes each, or a KeySource with `current` and `find`', isKeys)),
  presence: ruleOf('what pgPresence gives', (value) => typeof (value as Partial<Presence>)?.start === 'function'),
  schema: ruleOf('a name of letters, digits and underscores', (value) => typeof value === 'string'),
  leaseMilliseconds: ruleOf(
    'a number of milliseconds from 5,000 to 300,000',
    (value) => typeof value === 'number' && value >= shortestLeaseMilliseconds && value <= 300_000,
  ),
  hints: ruleOf(
    '`auto`, false, or { lookEveryMilliseconds, notify }',
    (value) => value === 'auto' || value === false || (typeof value === 'object' && value !== null),
  ),
  onUnreadable: callable,
}

const hintRules = {
  lookEveryMilliseconds: ruleOf(
    'a number of milliseconds, 10 or more',
    (value) => typeof value === 'number' && value >= 10 && value < 2 ** 31,
  ),
  notify: ruleOf('true or false', (value) => typeof value === 'boolean'),
}

/** @throws ConfigurationError */
export function readOptions(options: PostgresStoreOptions): CheckedOptions {
  checkOptions(options, rules)
  const { query, keys, presence, schema = 'authchart', hints = 'auto', onUnreadable = warn } = options
  return {
    query,
    keys,
    presence,
    schema: requireSchema(schema),
    leaseMilliseconds: Math.round(options.leaseMilliseconds ?? defaultLeaseMilliseconds),
    pace: readPace(hints, presence),
    onUnreadable,
  }
}

function readPace(hints: 'auto' | false | HintOptions, presence: Presence | undefined): HintPace | undefined {
  if (hints === false) return undefined
  const given = hints === 'auto' ? {} : hints
  checkOptions(given, hintRules)
  if (given.notify === false && presence !== undefined) {
    throw new ConfigurationError('hints', 'contradicts `presence`: a process that listens tells others, too.')
  }
  return {
    everyMilliseconds: given.lookEveryMilliseconds ?? defaultLookMilliseconds,
    notifies: given.notify ?? presence !== undefined,
  }
}

/** Where it runs is not known: Node, Deno and Bun have warnings. */
function warn({ message }: StoreError): void {
  const { process } = globalThis as { process?: { emitWarning?(message: string, options: { code: string }): void } }
  process?.emitWarning?.(message, { code: 'AUTHCHART_RECORD_UNREADABLE' })
}
