import type { Stats } from 'node:fs'

/** What is told of a file or folder by `lstat`, as far as it matters here. */
export type AccessFacts = Pick<Stats, 'mode' | 'uid'> & { readonly kind: 'folder' | 'file' | 'link' | 'other' }

/** The facts that `lstat` or `fstat` tells. */
export function accessFacts(stats: Stats): AccessFacts {
  const { mode, uid } = stats
  if (stats.isSymbolicLink()) return { mode, uid, kind: 'link' }
  if (stats.isDirectory()) return { mode, uid, kind: 'folder' }
  return { mode, uid, kind: stats.isFile() ? 'file' : 'other' }
}

/**
 * Why something that holds sessions cannot be trusted, and what to do; `undefined` when it can.
 * @param userId of this process; `undefined` on Windows, where neither owner nor modes mean anything
 */
export function judgeAccess(
  facts: AccessFacts,
  { expected, userId }: { expected: 'folder' | 'file'; userId: number | undefined },
): string | undefined {
  if (facts.kind === 'link') return `it is a symbolic link. Name the ${expected} that it leads to, or remove it`
  if (facts.kind !== expected) return `it is no ${expected}. Remove it, or name another directory`
  if (userId === undefined) return undefined
  if (facts.uid !== userId) {
    return `it belongs to the user ${facts.uid}, and this process runs as ${userId}. Name a directory of its own`
  }
  if ((facts.mode & 0o077) !== 0) {
    const wanted = expected === 'folder' ? '700' : '600'
    return `its mode is ${modeOf(facts)}, so that other users have access. Run: chmod ${wanted}`
  }
  return undefined
}

/** Why a folder further up cannot be trusted: whoever may write there can put another folder in the place of ours. */
export function judgeAncestor(facts: AccessFacts, { userId }: { userId: number | undefined }): string | undefined {
  if (userId === undefined) return undefined
  if (facts.kind === 'link') {
    return facts.uid === 0 || facts.uid === userId
      ? undefined
      : `it is a symbolic link of the user ${facts.uid}, who can turn it elsewhere. Name a directory that does not lead over it`
  }
  if (facts.kind !== 'folder') return 'it is no folder. Name another directory'
  const isSticky = (facts.mode & 0o1000) !== 0
  if ((facts.mode & 0o002) === 0 || isSticky) return undefined
  return `its mode is ${modeOf(facts)}, so that every user can replace what is in it. Run: chmod o-w, or name another directory`
}

function modeOf({ mode }: AccessFacts): string {
  return (mode & 0o7777).toString(8).padStart(3, '0')
}
