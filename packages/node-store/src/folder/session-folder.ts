import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { geteuid } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { type AccessFacts, type AccessRules, accessFacts, judgeAccess, judgeAncestor } from './judge-access.ts'
import { isPrivateGroup, isUnmappedUser } from './users-and-groups.ts'

/** The folder in which a store keeps its files, for its user alone. */
export interface SessionFolder {
  /** Absolute. */
  readonly path: string
  pathOf(fileName: string): string
  /**
   * Makes the folder where there is none, and makes sure that no other user can write in it.
   *
   * Synchronous, since it is asked before the place in a queue is taken; it looks at a few paths and reads no session.
   * @throws StoreError that says which path is at fault and why
   */
  ensure(): void
  /** As `ensure`, but makes nothing: says whether the folder is there. */
  isThere(): boolean
  /**
   * Which folder is at the path now; `undefined` while there is none. One that was made anew is another.
   * @throws what the system says
   */
  identity(): string | undefined
  /** Why a file in the folder cannot be trusted, and what to do; `undefined` when it can. */
  judgeFile(path: string, facts: AccessFacts): string | undefined
}

/** Only the user may see or change what is inside. */
const folderMode = 0o700

/** The folder at a path; nothing is looked at yet. */
export function createSessionFolder(directory: string, { trustGroup = false } = {}): SessionFolder {
  const path = resolve(directory)
  const rules = createRules(trustGroup)
  let areAncestorsGood = false

  function examine(): boolean {
    const facts = factsOf(path)
    if (facts === undefined) return false
    refuse(path, judgeAccess(path, facts, { expected: 'folder', rules }))
    // Once: what is further up belongs to the system or to the user.
    if (!areAncestorsGood) {
      examineAncestors(path, rules)
      examineAncestors(realpathSync(path), rules)
    }
    areAncestorsGood = true
    return true
  }

  return {
    path,
    pathOf: (fileName) => join(path, fileName),
    ensure() {
      if (examine()) return
      try {
        mkdirSync(path, { recursive: true, mode: folderMode })
      } catch (error) {
        // Another process was quicker, or it is not a folder: the second look tells.
        if (errorCodeOf(error) !== 'EEXIST') throw toFileError(error, `make the folder ${path}`)
      }
      examine()
    },
    isThere: examine,
    identity: () => identityOf(path),
    judgeFile: (file, facts) => judgeAccess(file, facts, { expected: 'file', rules }),
  }
}

function createRules(trustGroup: boolean): AccessRules {
  const userId = geteuid?.()
  return {
    userId,
    trustGroup,
    isPrivateGroup: (groupId) => userId !== undefined && isPrivateGroup(groupId, { userId }),
    isUnmappedUser,
  }
}

function examineAncestors(path: string, rules: AccessRules): void {
  const { root } = parse(path)
  const parts = dirname(path).slice(root.length).split(sep).filter(Boolean)
  for (const index of parts.keys()) {
    const ancestor = join(root, ...parts.slice(0, index + 1))
    const facts = factsOf(ancestor)
    if (facts !== undefined) refuse(ancestor, judgeAncestor(ancestor, facts, rules))
  }
}

function factsOf(path: string): AccessFacts | undefined {
  try {
    return accessFacts(lstatSync(path))
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined
    throw toFileError(error, `look at ${path}`)
  }
}

function identityOf(path: string): string | undefined {
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  // File systems give the number of a file that was removed to the next one.
  return stats && `${stats.dev} ${stats.ino} ${stats.birthtimeNs}`
}

function refuse(path: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new StoreError('storeUnavailable', `Sessions are not kept at ${path}: ${problem}.`)
}
