import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, realpathSync, writeFileSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { env } from 'node:process'
import { text } from 'node:stream/consumers'
import { repositoryRoot } from '../../scripts/run-command.ts'
import { installPackages, linkDependencies } from '../packaging/packed-consumer.ts'
import { type Program, superviseProcess } from '../support/program.ts'
import type { Runtime } from './runtimes.ts'

/** A project outside of the workspace, with the packages as they would be published and the programs of this test. */
export interface Project extends AsyncDisposable {
  readonly folder: string
  /** Runs a program with one argument, as JSON, to its end; returns what it printed, and throws when it fails. */
  run(
    runtime: Runtime,
    program: string,
    input: unknown,
    environment?: Readonly<Record<string, string>>,
  ): Promise<string>
  /** Starts one that is talked to while it runs. */
  start(runtime: Runtime, program: string, input: unknown): Program
  /** The same, on a system for which the file locks have no build. */
  copyWithoutAddon(): Project
}

const programs = 'test/runtimes/programs'
const addon = 'fs-native-extensions'

/** Builds, packs and unpacks the packages. */
export function createProject(): Project {
  const folder = makeFolder()
  installPackages(folder)
  linkDependencies(folder, 'core', ['xstate', 'oauth4webapi', 'ky'])
  linkDependencies(folder, 'node-store', ['@napi-rs/keyring', 'open', addon])
  for (const path of [programs, 'examples/durable-object']) {
    const isWanted = (each: string) => !each.endsWith('node_modules')
    cpSync(join(repositoryRoot, path), join(folder, path), { recursive: true, filter: isWanted })
  }
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ name: 'runtimes', private: true, type: 'module' }))
  return projectIn(folder)
}

function makeFolder(): string {
  return mkdtempSync(join(realpathSync(tmpdir()), 'authchart-runtimes-'))
}

function projectIn(folder: string): Project {
  function argumentsOf({ argumentList }: Runtime, program: string, input: unknown): string[] {
    return [...argumentList, `${programs}/${program}.ts`, JSON.stringify(input)]
  }

  return {
    folder,
    async run(runtime, program, input, environment = {}) {
      const child = spawn(runtime.command, argumentsOf(runtime, program, input), {
        cwd: folder,
        stdio: ['ignore', 'pipe', 'pipe'],
        env: { ...env, ...environment },
      })
      const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), exitOf(child)])
      if (code === 0 && stderr === '') return stdout.trim()
      throw new Error(`${program} in ${runtime.name} ended with ${code}:\n${stdout}${stderr}`)
    },
    start: (runtime, program, input) =>
      superviseProcess(
        spawn(runtime.command, argumentsOf(runtime, program, input), {
          cwd: folder,
          stdio: ['pipe', 'pipe', 'inherit'],
        }),
      ),
    copyWithoutAddon() {
      const copy = makeFolder()
      cpSync(folder, copy, { recursive: true, filter: (path) => !path.endsWith(addon) })
      return projectIn(copy)
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

async function exitOf(child: ChildProcess): Promise<unknown> {
  const [code, signal] = await once(child, 'exit')
  return code ?? signal
}
