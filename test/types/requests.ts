import { createFetch } from '@authchart/core/fetch'
import { createKyHooks } from '@authchart/core/ky'
import ky, { type Hooks, type KyInstance } from 'ky'
import { expectType } from './expect-type.ts'
import { session } from './session.ts'

const authorizedFetch = createFetch(session, { cloneRequestBodies: true })
expectType<typeof globalThis.fetch>()(authorizedFetch)(true)
// @ts-expect-error: a misspelt option
createFetch(session, { cloneBodies: true })
// @ts-expect-error: not a session
createFetch({})

export const hooks: Hooks = createKyHooks(session)
export const instances: KyInstance[] = [
  ky.extend({ hooks: createKyHooks(session) }),
  ky.create({ prefix: 'https://api.acme.example', hooks: { ...createKyHooks(session), beforeRequest: [] } }),
]

export async function send(): Promise<void> {
  expectType<Response>()(await authorizedFetch(new URL('https://api.acme.example'), { method: 'POST', body: '' }))(true)
  expectType<Response>()(await authorizedFetch(new Request('https://api.acme.example')))(true)
}
