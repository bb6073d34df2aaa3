import { lstatSync, mkdirSync, realpathSync } from 'node:fs'
import { dirname, join, parse, resolve, sep } from 'node:path'
import { geteuid } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf, toFileError } from './file-error.ts'
import { accessFacts, judgeAccess, judgeAncestor } from './judge-access.ts'

/** The folder in which a store keeps its files, for its user alone. */
export interface SessionFolder {
  /** Absolute. */
  readonly path: string
  pathOf(fileName: string): string
  /**
   * Makes the folder where there is none, and makes sure that nobody else can write in it.
   *
   * Synchronous, since it is asked before the place in a queue is taken; it looks at a few paths and reads nothing.
   * @throws StoreError that says which path is at fault and why
   */
  ensure(): void
  /** As `ensure`, but makes nothing: says whether the folder is there. */
  isThere(): boolean
}

/** Nobody but the user may see or change what is inside. */
const folderMode = 0o700

/** The folder at a path; nothing is looked at yet. */
export function createSessionFolder(directory: string): SessionFolder {
  const path = resolve(directory)
  let areAncestorsGood = false

  function examine(): boolean {
    const facts = factsOf(path)
    if (facts === undefined) return false
    refuse(path, judgeAccess(facts, { expected: 'folder', userId: geteuid?.() }))
    // Once: what is further up belongs to the system or to the user.
    if (!areAncestorsGood) {
      examineAncestors(path)
      examineAncestors(realpathSync(path))
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
        // Somebody was quicker, or it is no folder: the second look tells.
        if (errorCodeOf(error) !== 'EEXIST') throw toFileError(error, `make the folder ${path}`)
      }
      examine()
    },
    isThere: examine,
  }
}

function examineAncestors(path: string): void {
  const { root } = parse(path)
  const parts = dirname(path).slice(root.length).split(sep).filter(Boolean)
  for (const index of parts.keys()) {
    const ancestor = join(root, ...parts.slice(0, index + 1))
    const facts = factsOf(ancestor)
    if (facts !== undefined) refuse(ancestor, judgeAncestor(facts, { userId: geteuid?.() }))
  }
}

function factsOf(path: string) {
  try {
    return accessFacts(lstatSync(path))
  } catch (error) {
    if (errorCodeOf(error) === 'ENOENT') return undefined
    throw toFileError(error, `look at ${path}`)
  }
}

function refuse(path: string, problem: string | undefined): void {
  if (problem === undefined) return
  throw new StoreError('storeUnavailable', `Sessions are not kept at ${path}: ${problem}.`)
}
