export type { PgClient } from './presence/pg-client.ts'
export { pgPresence } from './presence/pg-presence.ts'
export type { Presence } from './presence/presence.ts'
