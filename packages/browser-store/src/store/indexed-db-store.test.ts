import { spawnSync } from 'node:child_process'
import { expect, it } from 'vitest'
import { indexedDbStore } from './indexed-db-store.ts'

/** A program in a process of its own, from source. */
function run(script: string) {
  const conditions = ['--conditions=@authchart/source', '--input-type=module']
  return spawnSync(process.execPath, [...conditions, '--eval', script], {
    cwd: import.meta.dirname,
    encoding: 'utf8',
    timeout: 50_000,
  })
}

it('asks nothing of the browser when it is imported and constructed', () => {
  const { status, stderr } = run(`
    for (const name of ['indexedDB', 'BroadcastChannel', 'navigator', 'document', 'crypto', 'addEventListener']) {
      Object.defineProperty(globalThis, name, { get() { throw new Error('asked for ' + name) } })
    }
    const { indexedDbStore } = await import('@authchart/browser-store')
    indexedDbStore()
    indexedDbStore({ database: 'acme', fallback: 'memory' })`)
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
})

it('lets a server that renders a page open a session, which tells that it is not there, and keeps no process alive', () => {
  const { status, stdout, stderr } = run(`
    import { createSession } from '@authchart/core'
    import { indexedDbStore } from '@authchart/browser-store'
    const grant = async () => { throw new Error('It is not asked') }
    const session = createSession({ key: 'acme', store: indexedDbStore(), grant })
    session.ready.catch(({ code }) => console.log(code, session.getSnapshot().status))`)
  expect({ status, stdout, stderr }).toEqual({ status: 0, stdout: 'storeUnavailable restoring\n', stderr: '' })
})

it.each([
  [{ databse: 'acme' }, /`databse` is not known; expected one of: database, fallback, onFallback/],
  [{ database: '' }, /`database` must be a non-empty string/],
  [{ fallback: 'disk' }, /`fallback` must be "memory" or "rawKey"/],
  [{ onFallback: 'log' }, /`onFallback` must be a function/],
])('refuses the options %j', (options, message) => {
  expect(() => indexedDbStore(options as never)).toThrow(message)
})
