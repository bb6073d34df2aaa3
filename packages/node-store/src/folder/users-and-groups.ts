import { readFileSync } from 'node:fs'

/**
 * Whether a group has no member but this user and root, as the private groups that many systems give to each user.
 * `false` where the system's own files do not know the group.
 *
 * Debian's OpenSSH accepts files that are writable by such a group, and by no other.
 * @param files the texts of `/etc/group` and `/etc/passwd`
 * @see https://sources.debian.org/patches/openssh/ (user-group-modes.patch)
 */
export function isPrivateGroup(
  groupId: number,
  { userId, files = readAccounts() }: { userId: number; files?: { groups: string; users: string } },
): boolean {
  // Who is in root's own group has what root gave.
  if (groupId === 0) return true
  const users = entriesOf(files.users).map(([name, , user, group]) => ({
    name,
    id: Number(user),
    groupId: Number(group),
  }))
  const groups = entriesOf(files.groups).filter(([, , id]) => Number(id) === groupId)
  const names = new Set(groups.flatMap(([, , , members = '']) => members.split(',').filter((name) => name !== '')))
  const members = users.filter((user) => user.groupId === groupId || names.has(user.name ?? ''))
  const areAllKnown = [...names].every((name) => users.some((user) => user.name === name))
  // On macOS, and where users come from a network, those files do not have them all.
  const isUserKnown = users.some(({ id }) => id === userId)
  return groups.length > 0 && isUserKnown && areAllKnown && members.every(({ id }) => id === userId || id === 0)
}

/**
 * Whether this is the number that stands for every user outside of this process's user namespace: in rootless
 * containers and sandboxes the system's own folders seem to belong to it. `false` where there are no such namespaces.
 * @param files the texts of `/proc/sys/kernel/overflowuid` and `/proc/self/uid_map`, empty on other systems than Linux
 * @see user_namespaces(7), "Unmapped user and group IDs"
 */
export function isUnmappedUser(userId: number, files = readNamespace()): boolean {
  if (files.overflow === '' || files.map === '') return false
  return userId === Number(files.overflow) && !/^\s*0\s+0\s+4294967295\s*$/.test(files.map)
}

function readNamespace() {
  return { overflow: readText('/proc/sys/kernel/overflowuid'), map: readText('/proc/self/uid_map') }
}

function readAccounts() {
  return { groups: readText('/etc/group'), users: readText('/etc/passwd') }
}

function entriesOf(text: string): string[][] {
  return text.split('\n').map((line) => line.split(':'))
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
