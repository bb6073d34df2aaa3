import { describe, it } from 'vitest'
import { seed } from '../../support/properties.ts'
import { checkSchedules, runs, timeout } from './check-schedules.ts'
import { people, servers } from './flavours.ts'

describe.each(servers)('sessions that people sign in and out of, at a server of the kind %s', (server) => {
  it.each(Object.entries(people))(
    `keep their invariants through %s (seed ${seed})`,
    (_, flavour) => checkSchedules(server, flavour, runs),
    timeout,
  )
})
