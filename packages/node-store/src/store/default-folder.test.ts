import { expect, it } from 'vitest'
import { defaultFolder } from './default-folder.ts'

it.each([
  ['linux', '/h/alice', '/h/alice/.local/share/authchart/acme'],
  ['freebsd', '/h/alice', '/h/alice/.local/share/authchart/acme'],
  ['darwin', '/u/alice', '/u/alice/Library/Application Support/authchart/acme'],
  ['win32', 'D:\\u\\alice', 'D:\\u\\alice\\AppData\\Local\\authchart\\acme'],
])('on %s the folder is where programs of a user keep data that stays on the machine', (platform, home, folder) => {
  expect(defaultFolder('acme', { home, platform })).toBe(folder)
})

it.each(['CON', 'a:b', 'Acme', '../acme', 'acme.'])(
  'the service %s has a folder of a name that every system takes',
  (service) => {
    const name = defaultFolder(service, { home: '/', platform: 'linux' }).split('/').at(-1)
    expect(name).toMatch(/^[a-z0-9-]+_[0-9a-f]{16}$/)
  },
)
