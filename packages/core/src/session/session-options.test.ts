import { describe, expect, it } from 'vitest'
import { systemClock } from '../clock/clock.ts'
import { memoryStore } from '../store/memory-store.ts'
import type { Grant } from '../token/grant.ts'
import { globalEnvironment } from './environment.ts'
import { resolveOptions } from './session-options.ts'

const grant: Grant = {
  needsRefreshToken: true,
  identity: {},
  refresh: async () => ({ kind: 'failed', failure: { kind: 'offline' } }),
}

describe('the options of a session', () => {
  it('have these defaults', () => {
    const store = memoryStore()
    expect(resolveOptions({ key: 'acme:alice', store, grant })).toEqual({
      key: 'acme:alice',
      store,
      grant,
      allowedOrigins: [],
      header: 'Authorization',
      scheme: undefined,
      rejectedStatuses: new Set(),
      refreshTiming: 'onUse',
      maximumWaitMilliseconds: 10_000,
      giveUpAfterMilliseconds: undefined,
      disposeTimeoutMilliseconds: 10_000,
      signInHint: undefined,
      classifyFailure: undefined,
      debug: undefined,
      clock: systemClock,
      random: Math.random,
      environment: globalEnvironment,
    })
  })

  it('take refreshTiming from the store where the app says nothing', () => {
    const store = { ...memoryStore(), suggestedRefreshTiming: 'eager' as const }
    expect(resolveOptions({ key: 'k', store, grant }).refreshTiming).toBe('eager')
    expect(resolveOptions({ key: 'k', store, grant, refreshTiming: 'onUse' }).refreshTiming).toBe('onUse')
  })

  it("take the app's own function as a grant that needs no refresh token", () => {
    const resolved = resolveOptions({ key: 'k', store: memoryStore(), grant: async () => ({ accessToken: 'a' }) })
    expect(resolved.grant).toMatchObject({ needsRefreshToken: false, identity: {} })
  })

  it('take an origin in whatever spelling a browser takes it', () => {
    const allowedOrigins = ['HTTPS://API.acme.example:443/', 'http://localhost:3000', 'http://[::1]:8080']
    const resolved = resolveOptions({ key: 'k', store: memoryStore(), grant, allowedOrigins })
    expect(resolved.allowedOrigins).toEqual(['https://api.acme.example', 'http://localhost:3000', 'http://[::1]:8080'])
  })
})
