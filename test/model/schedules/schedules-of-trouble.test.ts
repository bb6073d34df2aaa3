import { describe, it } from 'vitest'
import { seed } from '../../support/properties.ts'
import { checkSchedules, runs, timeout } from './check-schedules.ts'
import { servers, trouble } from './flavours.ts'

describe.each(servers)('sessions that share a store, at a server of the kind %s', (server) => {
  it.each(Object.entries(trouble))(
    `keep their invariants through %s (seed ${seed})`,
    (_, flavour) => checkSchedules(server, flavour, runs),
    timeout,
  )
})
