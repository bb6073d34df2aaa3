import type { Database } from '../database/database.ts'
import { escapeText, unescapeText } from '../database/escape-text.ts'
import { textOf } from '../database/query.ts'
import { jittered, later } from '../database/time.ts'

/** So many keys are looked at in one statement. */
const keysInStatement = 1_000

/** How much sooner or later than it should a look is made, as a part of the time between two. */
export const lookJitter = 0.25

/** Looks at the revisions of keys from time to time. */
export interface LookOut {
  /** Begins, unless it has; ends by itself when there is nothing to look at. */
  begin(): void
  close(): void
}

/** @param options `onChange`: called with the revision that is there now, `null` where the record is gone */
export function createLookOut(options: {
  database: Database
  everyMilliseconds: number
  /** Whose revision was seen last; `undefined` where none was. */
  keys(): ReadonlyMap<string, string | null | undefined>
  /** Not while hints come by themselves. */
  isNeeded(): boolean
  onChange(key: string, revision: string | null): void
}): LookOut {
  const { database, everyMilliseconds, keys, isNeeded, onChange } = options
  const sql = `select key, revision from "${database.schema}".session
where key in (select json_array_elements_text($1::text::json))`
  let callOff: (() => void) | undefined

  async function look(): Promise<void> {
    const watched = [...keys()]
    for (let at = 0; at < watched.length; at += keysInStatement) {
      const part = watched.slice(at, at + keysInStatement)
      const rows = await database.run(sql, [JSON.stringify(part.map(([key]) => escapeText(key)))])
      const found = new Map(rows.map((row) => [unescapeText(textOf(row, 'key') ?? ''), textOf(row, 'revision')]))
      for (const [key, before] of part) {
        const now = found.get(key) ?? null
        if (now !== before) onChange(key, now)
      }
    }
  }

  async function lookAndPlan(): Promise<void> {
    // A look that fails is a look that is missed.
    if (isNeeded()) await look().catch(() => {})
    if (callOff !== undefined && keys().size > 0) plan()
    else callOff = undefined
  }

  function plan(): void {
    callOff = later(jittered(everyMilliseconds, lookJitter), () => void lookAndPlan())
  }

  return {
    begin() {
      if (callOff === undefined) plan()
    },
    close() {
      callOff?.()
      callOff = undefined
    },
  }
}
