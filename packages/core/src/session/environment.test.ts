import { expect, it } from 'vitest'
import { createSession, type Environment, globalEnvironment } from '../index.ts'
import { memoryStore } from '../store/memory-store.ts'

it('is always online and always seen where there is no such thing', () => {
  expect(globalEnvironment.isOnline()).toBe(true)
  expect(globalEnvironment.isVisible?.()).toBe(true)
  expect(() => globalEnvironment.subscribe(() => {})()).not.toThrow()
})

it('can be built upon by an app that knows more of its network', async () => {
  let isOnline = false
  let tell: Parameters<Environment['subscribe']>[0] = () => {}
  const environment: Environment = {
    ...globalEnvironment,
    isOnline: () => isOnline && globalEnvironment.isOnline(),
    subscribe(listener) {
      tell = listener
      return globalEnvironment.subscribe(listener)
    },
  }
  const grant = async () => ({ accessToken: 'access-token' })
  await using session = createSession({ key: 'acme:alice', store: memoryStore(), grant, runtime: { environment } })
  expect(session.getSnapshot().online).toBe(false)
  isOnline = true
  tell('online')
  expect(session.getSnapshot().online).toBe(true)
})
