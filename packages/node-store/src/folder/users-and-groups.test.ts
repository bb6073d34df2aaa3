import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'
import { isPrivateGroup, isUnmappedUser } from './users-and-groups.ts'

const users = `root:x:0:0:root:/root:/bin/bash
alice:x:1000:1000::/home/alice:/bin/bash
bob:x:1001:1001::/home/bob:/bin/bash
carol:x:1002:100::/home/carol:/bin/bash
dave:x:1003:100::/home/dave:/bin/bash
`
const groups = `root:x:0:
users:x:100:
staff:x:50:alice,bob
admins:x:51:alice,root
alice:x:1000:
bob:x:1001:alice
ghosts:x:60:alice,someone-of-the-network
`

it.each([
  ['her own', 1000, 1000, true],
  ["another user's, of which she is a member too", 1001, 1000, false],
  ['one with another member', 50, 1000, false],
  ['one with root alone beside her', 51, 1000, true],
  ['one that others have as their first', 100, 1002, false],
  ['one with a member whom the system does not know', 60, 1000, false],
  ['one that the system does not know', 2000, 1000, false],
  ["root's own", 0, 1000, true],
])('P51 the group of a folder that is %s', (_name, groupId, userId, isPrivate) => {
  expect(isPrivateGroup(groupId, { userId, files: { groups, users } })).toBe(isPrivate)
})

it("P51 macOS's `staff` is not private: its members are not in the files", () => {
  const files = {
    groups: 'wheel:*:0:root\nstaff:*:20:root\n',
    users:
      'nobody:*:-2:-2:Unprivileged User:/var/empty:/usr/bin/false\nroot:*:0:0:System Administrator:/var/root:/bin/sh\n',
  }
  expect(isPrivateGroup(20, { userId: 501, files })).toBe(false)
  expect(isPrivateGroup(0, { userId: 501, files })).toBe(true)
})

it.each([
  ['all users are here', 65_534, { overflow: '65534\n', map: '         0          0 4294967295\n' }, false],
  ['some users are elsewhere', 65_534, { overflow: '65534\n', map: '         0     100000      65536\n' }, true],
  ['it is another user', 1_000, { overflow: '65534\n', map: '         0     100000      65536\n' }, false],
  ['the system is macOS or Windows, which have no such files', 0, { overflow: '', map: '' }, false],
])('P51 a number stands for users outside of this namespace or not: %s', (_name, userId, files, isUnmapped) => {
  expect(isUnmappedUser(userId, files)).toBe(isUnmapped)
})

it.skipIf(process.platform !== 'linux')(
  'P51 a number that stands for users outside of this namespace is known by the map of users',
  () => {
    const hasAllUsers = /^\s*0\s+0\s+4294967295\s*$/.test(readFileSync('/proc/self/uid_map', 'utf8'))
    expect(isUnmappedUser(65_534)).toBe(!hasAllUsers)
    expect(isUnmappedUser(1_000)).toBe(false)
  },
)
