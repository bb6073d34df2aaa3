/**
 * Says whether a branch that changes a package brings its line for the changelog, and whether all of them can be read:
 * `node scripts/check-changesets.ts`.
 */
import { spawnSync } from 'node:child_process'
import { exit } from 'node:process'
import { repositoryRoot } from './run-command.ts'

const mainBranch = spawnSync('git', ['rev-parse', '--verify', '--quiet', 'main'], { cwd: repositoryRoot })

if (mainBranch.status !== 0) {
  console.log('Without a branch `main` there is nothing to compare with: not checked.')
} else if (spawnSync('changeset', ['status'], { cwd: repositoryRoot, stdio: 'inherit' }).status !== 0) {
  console.error('`pnpm changeset` writes the missing line; `pnpm changeset --empty` says that none is needed.')
  exit(1)
}
