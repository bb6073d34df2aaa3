import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { arch, platform, versions } from 'node:process'
import { StoreError } from '@authchart/core/store'
import { errorCodeOf } from '../folder/file-error.ts'
import type { SessionFolder } from '../folder/session-folder.ts'
import type { KernelLock } from './kernel-lock.ts'
import { loadNativeLocks, tryNativeLock } from './native-lock.ts'
import { loadSqlite, trySqliteLock } from './sqlite-lock.ts'

/** Tries to lock the file at a path in a folder; `undefined` while another holder has it. */
export type TryLock = (folder: SessionFolder, path: string) => Promise<KernelLock | undefined>

/** What locks are chosen by. */
export interface LockChoice {
  /** As `process.versions`. */
  readonly versions: Readonly<Record<string, string | undefined>>
  loadNativeLocks(): unknown
  loadSqlite(): unknown
}

/**
 * How files are locked here: by the native addon in Node, by SQLite elsewhere. The addon is not even loaded in Bun and
 * Deno: it calls functions of libuv that they lack, and ends the process.
 * @see https://github.com/oven-sh/bun/issues/18546; https://github.com/denoland/deno/issues/36824
 * @throws StoreError `storeMissing`
 */
export function chooseLocks(choice: LockChoice): TryLock {
  const problems: string[] = []
  if (isNode(choice)) {
    try {
      choice.loadNativeLocks()
      return tryNativeLock
    } catch (error) {
      problems.push(`fs-native-extensions: ${errorCodeOf(error) ?? 'not loadable'}`)
    }
  }
  try {
    choice.loadSqlite()
    return trySqliteLock
  } catch (error) {
    problems.push(`node:sqlite: ${errorCodeOf(error) ?? 'not loadable'}`)
  }
  throw new StoreError(
    'storeMissing',
    `This system has no file locks that authchart could use (${problems.join('; ')}). It needs glibc Linux, macOS or Windows on x64 or arm64, or node:sqlite, which Node has from 22.13, Deno from 2.2 and Bun from 1.4. Use one of those, or memoryStore.`,
  )
}

/** Others say that they are Node too, and name themselves beside it. */
function isNode({ versions }: Pick<LockChoice, 'versions'>): boolean {
  return versions.bun === undefined && versions.deno === undefined
}

let chosen: TryLock | undefined

/**
 * The locks of this runtime, loaded once.
 * @throws StoreError `storeMissing`
 */
export function loadLocks(): TryLock {
  chosen ??= chooseLocks({ versions, loadNativeLocks, loadSqlite })
  return chosen
}

/**
 * Makes sure that there are locks, without loading them where their build is there to be seen: that takes a quarter of
 * the time in which a program has its token, and reading one needs no lock.
 * @throws StoreError `storeMissing`
 */
export function requireLocks(): void {
  if (!isNode({ versions }) || !isBuildThere()) loadLocks()
}

function isBuildThere(): boolean {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('fs-native-extensions/package.json'))
    const build = join(folder, 'prebuilds', `${platform}-${arch}`, 'fs-native-extensions.node')
    // As `require-addon` tells musl, for which it would look for another build.
    return existsSync(build) && !existsSync('/etc/alpine-release')
  } catch {
    return false
  }
}
