import { afterEach, expect, it, vi } from 'vitest'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.resetModules()
})

it('P86 requests say that they are not to be answered from a cache', async () => {
  const { fetchDefaults } = await import('./http.ts')
  expect(Object.entries(fetchDefaults())).toEqual([
    ['cache', 'no-store'],
    ['redirect', 'manual'],
  ])
})

it('but not where the runtime refuses that, as older Cloudflare Workers do', async () => {
  vi.stubGlobal('Request', function refuse(_url: string, init: RequestInit) {
    if ('cache' in init) throw new Error("The 'cache' field on 'RequestInitializerDict' is not implemented.")
  })
  const { fetchDefaults } = await import('./http.ts')
  expect(Object.entries(fetchDefaults())).toEqual([['redirect', 'manual']])
})

it.each([
  ['Node.js', 'Node.js/24', 'acme/7'],
  ['a runtime that says nothing', undefined, 'acme/7'],
  ['a browser', 'Mozilla/5.0 (X11; Linux x86_64)', null],
])('names the app in %s', async (_name, userAgent, expected) => {
  vi.stubGlobal('navigator', userAgent === undefined ? undefined : { userAgent })
  const { commonHeaders } = await import('./http.ts')
  expect(commonHeaders('acme/7').get('user-agent')).toBe(expected)
})
