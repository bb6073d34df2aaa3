import { storeContract } from '@authchart/core/testing'
import { PGlite } from '@electric-sql/pglite'
import { afterAll, describe, test } from 'vitest'
import { createPostgresPlace } from '../support/postgres/postgres-place.ts'

describe('the PostgreSQL store on PGlite', async () => {
  const database = await PGlite.create()
  afterAll(() => database.close())
  const cases = await storeContract(
    () =>
      createPostgresPlace({
        administer: (sql) => database.exec(sql),
        createQuery: () => async (sql, parameters) => (await database.query<object>(sql, parameters)).rows as never,
      }),
    { cryptoKeys: 'refused', patienceMilliseconds: 30_000 },
  )
  for (const { name, run } of cases) test(name, run)
})
