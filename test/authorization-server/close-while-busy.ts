import { startApi, startAuthorizationServer } from './index.ts'
import { refresh } from './refresh-by-hand.ts'

// A program of its own: it ends by itself only if closing leaves no timer, listener or connection behind.
const server = await startAuthorizationServer()
const api = await startApi({ authorizationServer: server })
const { refresh_token, access_token } = await server.signIn()
const other = await server.signIn()
server.faults.delay({ beforeMilliseconds: 3_600_000 })
const delayed = refresh(server, String(other.refresh_token)).catch(() => 'gone')
await server.until(({ open }) => open === 1)
const gate = server.faults.hold()
const held = refresh(server, String(refresh_token)).catch(() => 'gone')
const apiGate = api.faults.hold()
const heldAtApi = fetch(api.origin, { headers: { authorization: `Bearer ${access_token}` } }).catch(() => 'gone')
await Promise.all([gate.arrived(), apiGate.arrived()])
await Promise.all([api.close(), server.close()])
await held
console.log(await delayed, await heldAtApi)
