import { createHash, randomUUID } from 'node:crypto'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Session } from '@authchart/core'
import { recordSession, type SessionRecording } from '@authchart/core/inspect'
import { isNews, joinRecordings } from './recorded-runs.ts'

/** Records one run of the program. */
export interface FlightRecorder {
  /** Keeps the recording so far, if it is worth it, in place of the earlier one of this run. Never throws. */
  keep(): Promise<void>
}

/** How many runs are kept of each account, and how many transitions of each run. */
const runLimit = 8
const transitionLimit = 100

/** The folder of an account's runs: a hash, since an account's name may hold any character. */
function folderOf(state: string, account: string): string {
  return join(state, 'recordings', createHash('sha256').update(account).digest('hex').slice(0, 32))
}

/** Starts to record a session: states, times and codes, no secret. */
export function startRecorder(
  session: Session,
  { state, account }: { state: string; account: string },
): FlightRecorder {
  const recorder = recordSession(session, { limit: transitionLimit })
  const folder = folderOf(state, account)
  const file = join(folder, `${String(Date.now()).padStart(15, '0')}-${randomUUID()}.json`)
  let isKept = false
  let last = Promise.resolve()

  async function keep(): Promise<void> {
    const recording = recorder.getRecording()
    if (!isKept && !isNews(recording, await readRecording(state, account))) return
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await writeFile(`${file}.new`, `${JSON.stringify(recording)}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
    isKept = true
    const outdated = (await namesOf(folder)).slice(0, -runLimit)
    await Promise.all(outdated.map((name) => rm(join(folder, name), { force: true })))
  }

  return {
    keep() {
      // One after the other, since they write the same file.
      last = last.then(keep).catch((error: NodeJS.ErrnoException) => {
        // The command must not fail because its recording does.
        process.stderr.write(`Nothing could be recorded for "acme explain": ${error.code}, ${folder}\n`)
      })
      return last
    },
  }
}

/** The recording of an account since its sign-in; `undefined` without one. */
export async function readRecording(state: string, account: string): Promise<SessionRecording | undefined> {
  const folder = folderOf(state, account)
  const runs = await Promise.all((await namesOf(folder)).map((name) => readRun(join(folder, name))))
  return joinRecordings(runs.filter((run) => run !== undefined))
}

/** Deletes the recordings of an account: after a sign-in they would explain another session. */
export async function forgetRecording(state: string, account: string): Promise<void> {
  await rm(folderOf(state, account), { recursive: true, force: true })
}

/** The files, oldest first. */
async function namesOf(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => [])
  return names.filter((name) => name.endsWith('.json')).sort()
}

async function readRun(path: string): Promise<SessionRecording | undefined> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as SessionRecording
  } catch {
    // Another process has just removed it, or it was cut.
    return undefined
  }
}
