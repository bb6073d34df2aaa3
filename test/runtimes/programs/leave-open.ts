/** Signs in, uses its session, and is done, without closing it; in Node, Bun or Deno. */
import process from 'node:process'
import { createSession } from '@authchart/core'
import { fileStore } from '@authchart/node-store/file'

const { directory } = JSON.parse(process.argv[2] ?? '{}') as { directory: string }
const session = createSession({
  key: 'acme:alice',
  store: fileStore({ directory, unsealed: true }),
  grant: async () => ({ accessToken: 'second', refreshToken: 'refresh', expiresIn: 3600 }),
})
session.subscribe(() => {})
session.on('*', ({ type }) => console.log(type))
await session.signIn({ accessToken: 'first', refreshToken: 'refresh', expiresIn: 3600 })
await session.refresh()
