import { describe, it } from 'vitest'
import { seed } from '../../support/properties.ts'
import { checkSchedules, runs, timeout } from './check-schedules.ts'
import { field, servers } from './flavours.ts'

describe.each(servers)('sessions whose surroundings deceive them, at a server of the kind %s', (server) => {
  it.each(Object.entries(field))(
    `keep their invariants through %s (seed ${seed})`,
    (_, flavour) => checkSchedules(server, flavour, runs),
    timeout,
  )
})
