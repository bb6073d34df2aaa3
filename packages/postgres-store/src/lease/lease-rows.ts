import type { Database } from '../database/database.ts'
import { escapeText } from '../database/escape-text.ts'
import { textOf } from '../database/query.ts'
import { presenceClass } from '../presence/presence.ts'

/** What a look at a lease finds. */
export interface LeaseSighting {
  /** `undefined` where it is free. */
  readonly lent:
    | {
        readonly holder: string
        /** Opaque: the time until which it was lent, exactly. */
        readonly until: string
        /** Its holder has the lock of its process, or had it. */
        readonly hasPresence: boolean
        /** Its time is up; with presence: the lock is free. */
        readonly isGone: boolean
      }
    | undefined
  /** Of the record beside it; `null` where there is none, `undefined` where it is but an intent: that is not news. */
  readonly revision: string | null | undefined
  /** How long ago the server started, in milliseconds. */
  readonly serverAgeMilliseconds: number
}

/** The table of leases. Each method is one statement, and throws `StoreError`. */
export interface LeaseRows {
  /** Takes it where it is free, or in place of a holder that is gone; says whether it did. */
  take(
    key: string,
    lease: { holder: string; process: number | undefined; inPlaceOf: { holder: string; until: string } | undefined },
  ): Promise<boolean>
  look(key: string): Promise<LeaseSighting>
  /** Renews it. `theirs`: another holder has it; `unproven`: it is ours, but the lock of this process is not held. */
  renew(key: string, holder: string): Promise<'ours' | 'theirs' | 'unproven'>
  giveBack(key: string, holder: string): Promise<void>
}

/** A lease whose process lives but does not renew it is left over from a take that was given up: it stays this long. */
const orphanInterval = "interval '5 min'"

/** Not the disk's business: what comes after waits for it anyway, or a crash of the server ends the lease as well. */
const withoutFlush = `(select set_config('synchronous_commit', 'off', true) as setting) quick`

export function createLeaseRows({
  database,
  leaseMilliseconds,
}: {
  database: Database
  leaseMilliseconds: number
}): LeaseRows {
  const { schema } = database
  const lends = String(leaseMilliseconds)
  const isGone = `case when l.process is null then l.until < clock_timestamp()
    else pg_try_advisory_xact_lock_shared(${presenceClass}, l.process) or l.until < clock_timestamp() - ${orphanInterval} end`
  // As a number: as a text, it would depend on the time zone of the connection.
  const until = 'extract(epoch from l.until)::text'
  const takeSql = `insert into "${schema}".lease as l (key, holder, until, process)
select $1, $2, clock_timestamp() + $3::int * interval '1 ms', $4::int from ${withoutFlush} where quick.setting = 'off'
on conflict (key) do update set holder = excluded.holder, until = excluded.until, process = excluded.process
where l.holder = excluded.holder or (l.holder = $5 and ${until} = $6 and ${isGone})
returning 'true' as taken`
  const lookSql = `select l.holder as holder, ${until} as until, (l.process is not null)::text as presence,
  (${isGone})::text as gone, s.revision as revision, (s.clear like '%"refreshIntent":{%')::text as intent,
  (extract(epoch from clock_timestamp() - pg_postmaster_start_time()) * 1000)::bigint::text as age
from (select $1::text as wanted) w left join "${schema}".lease l on l.key = w.wanted
  left join "${schema}".session s on s.key = w.wanted`
  const renewSql = `with mine as (
  update "${schema}".lease set until = clock_timestamp() + $3::int * interval '1 ms'
  where key = $1 and holder = $2
    and (process is null or not pg_try_advisory_xact_lock_shared(${presenceClass}, process))
  returning 1)
select exists (select from mine)::text as held, (select holder from "${schema}".lease where key = $1) as holder
from ${withoutFlush} where quick.setting = 'off'`
  const giveBackSql = `with given as (delete from "${schema}".lease where key = $1 and holder = $2 returning 1)
select count(*)::text as given from given, ${withoutFlush}`

  return {
    async take(key, { holder, process, inPlaceOf }) {
      const [row] = await database.run(takeSql, [
        escapeText(key),
        holder,
        lends,
        process === undefined ? null : String(process),
        inPlaceOf?.holder ?? '',
        inPlaceOf?.until ?? '',
      ])
      return textOf(row, 'taken') === 'true'
    },

    async look(key) {
      const [row] = await database.run(lookSql, [escapeText(key)])
      const holder = textOf(row, 'holder')
      return {
        lent:
          holder === null
            ? undefined
            : {
                holder,
                until: textOf(row, 'until') ?? '',
                hasPresence: textOf(row, 'presence') === 'true',
                isGone: textOf(row, 'gone') === 'true',
              },
        revision: textOf(row, 'intent') === 'true' ? undefined : textOf(row, 'revision'),
        serverAgeMilliseconds: Number(textOf(row, 'age') ?? 0),
      }
    },

    async renew(key, holder) {
      const [row] = await database.run(renewSql, [escapeText(key), holder, lends])
      if (textOf(row, 'held') === 'true') return 'ours'
      return textOf(row, 'holder') === holder ? 'unproven' : 'theirs'
    },

    async giveBack(key, holder) {
      await database.run(giveBackSql, [escapeText(key), holder])
    },
  }
}
