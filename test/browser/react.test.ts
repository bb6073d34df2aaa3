import { expect, it } from 'vitest'
import { startPageServer } from './harness/page-server.ts'
import { describeInWorld } from './harness/with-chromium.ts'
import type {} from './page/react.ts'

async function startReactPage() {
  const server = await startPageServer('react')
  return { origin: server.origin, [Symbol.asyncDispose]: server.close }
}

describeInWorld('useSession in React', startReactPage, (stage) => {
  it('K3 hydrates what a server rendered, follows the session in StrictMode, and another one after hot reload', async () => {
    const { page, run, console } = await stage.chromium.openTab()
    const text = (expected: string) => page.getByText(expected, { exact: true }).waitFor()
    await page.goto(stage.world.origin)
    await text('fresh alice')
    expect(await run(() => ({ html: react.html, complaints: react.complaints }))).toEqual({
      html: '<p>restoring</p>',
      complaints: [],
    })

    await run(async () => void (await react.session.end('grantRejected')))
    await text('invalidated grantRejected alice')

    await run(() => react.replaceSession({ sub: 'bob' }))
    await text('fresh bob')
    const renders = await run(() => react.renders())
    await run(async () => void (await react.session.expire()))
    await run(() => new Promise<void>((resolve) => requestAnimationFrame(() => resolve())))
    expect(await run(() => react.renders())).toBe(renders)
    expect(console.filter((line) => !line.includes('React DevTools'))).toEqual([])
  })
})
