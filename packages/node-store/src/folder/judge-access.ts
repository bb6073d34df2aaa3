/** What `lstat` tells of a file or folder, as far as it matters here. */
export interface AccessFacts {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  readonly kind: 'folder' | 'file' | 'link' | 'other'
}

/** Who may have access to a store's files. */
export interface AccessRules {
  /** Of this process; `undefined` on Windows, where neither owner nor modes mean anything. */
  readonly userId: number | undefined
  /** Whether the members of a folder's group may read and write in it. */
  readonly trustGroup: boolean
  /** Whether a group has no member but this user and root. */
  isPrivateGroup(groupId: number): boolean
  /** Whether the system shows this number for every user that this process cannot see. */
  isUnmappedUser(userId: number): boolean
}

/** What is used of Node's `Stats`, which apps without Node's types could not read. */
interface FileFacts {
  readonly mode: number
  readonly uid: number
  readonly gid: number
  isSymbolicLink(): boolean
  isDirectory(): boolean
  isFile(): boolean
}

/** The facts that `lstat` or `fstat` tells. */
export function accessFacts(stats: FileFacts): AccessFacts {
  const { mode, uid, gid } = stats
  if (stats.isSymbolicLink()) return { mode, uid, gid, kind: 'link' }
  if (stats.isDirectory()) return { mode, uid, gid, kind: 'folder' }
  return { mode, uid, gid, kind: stats.isFile() ? 'file' : 'other' }
}

const trustGroupHint =
  'On a volume whose group a container runtime sets (such as `fsGroup` of Kubernetes), give `fileStore` the option `trustGroup: true`'

/** Why a store's own folder, or a file in it, cannot be trusted, and what to do; `undefined` when it can. */
export function judgeAccess(
  path: string,
  facts: AccessFacts,
  { expected, rules: { userId, trustGroup } }: { expected: 'folder' | 'file'; rules: AccessRules },
): string | undefined {
  if (facts.kind === 'link') return `it is a symbolic link. Name the ${expected} that it leads to, or remove it`
  if (facts.kind !== expected) return `it is not a ${expected}. Remove it, or name another directory`
  if (userId === undefined) return undefined
  if (facts.uid !== userId) {
    return `it belongs to the user ${facts.uid}, and this process runs as ${userId}. Name a directory of its own`
  }
  const refused = facts.mode & (trustGroup ? 0o007 : 0o077)
  if (refused === 0) return undefined
  const wanted = expected === 'folder' ? '700' : '600'
  const problem = `its mode is ${modeOf(facts)}, so that other users have access. Run: chmod ${wanted} ${quoted(path)}`
  return (refused & 0o007) === 0 ? `${problem}. ${trustGroupHint}` : problem
}

/** Why a folder further up cannot be trusted: all who may write there can put another folder in the place of ours. */
export function judgeAncestor(path: string, facts: AccessFacts, rules: AccessRules): string | undefined {
  const { userId, trustGroup } = rules
  if (userId === undefined) return undefined
  const isTrustedOwner = facts.uid === 0 || facts.uid === userId || rules.isUnmappedUser(facts.uid)
  if (facts.kind === 'link') {
    return isTrustedOwner
      ? undefined
      : `it is a symbolic link of the user ${facts.uid}, who can turn it elsewhere. Name a directory that does not lead over it`
  }
  if (facts.kind !== 'folder') return 'it is not a folder. Name another directory'
  if (!isTrustedOwner) {
    return `it belongs to the user ${facts.uid}, who can replace what is in it. Run: chown ${userId} ${quoted(path)}, or name another directory`
  }
  const isSticky = (facts.mode & 0o1000) !== 0
  if (isSticky) return undefined
  if ((facts.mode & 0o002) !== 0) {
    return `its mode is ${modeOf(facts)}, so that every user can replace what is in it. Run: chmod o-w ${quoted(path)}, or name another directory`
  }
  if ((facts.mode & 0o020) === 0 || trustGroup || rules.isPrivateGroup(facts.gid)) return undefined
  return `its mode is ${modeOf(facts)}, so that the members of the group ${facts.gid} can replace what is in it. Run: chmod g-w ${quoted(path)}, or name another directory. ${trustGroupHint}`
}

function modeOf({ mode }: AccessFacts): string {
  return (mode & 0o7777).toString(8).padStart(3, '0')
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
