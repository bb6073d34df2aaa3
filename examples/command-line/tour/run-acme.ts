import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { paint, plain, styled } from '@authchart/example-demo/line'
import { nodeArguments, type World } from './world.ts'

/** A running command of the tour. */
export interface RunningAcme {
  readonly exited: Promise<number>
  /** Resolves with the next line that contains this. */
  says(what: RegExp): Promise<RegExpExecArray>
  interrupt(): void
}

const { stdout, stderr } = process

/** Announces the next step in a line. */
export function announce(text: string): void {
  stdout.write(`\n${paint([styled('heading', `# ${text}`)], { stream: stdout })}\n`)
}

/** Shows a command as you would type it, starts it, and passes on what it prints. */
export function startAcme(commandLine: string, { environment }: Pick<World, 'environment'>): RunningAcme {
  stdout.write(`${paint([styled('strong', `$ acme ${commandLine}`)], { stream: stdout })}\n`)
  const colour = stdout.isTTY && process.env.NO_COLOR === undefined ? { FORCE_COLOR: '1' } : {}
  const child = spawn(process.execPath, [...nodeArguments, ...commandLine.split(' ')], {
    env: { ...environment, ...colour },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let listeners: ((line: string) => void)[] = []
  for (const [from, to] of [
    [child.stdout, stdout],
    [child.stderr, stderr],
  ] as const) {
    createInterface(from).on('line', (line) => {
      to.write(`${line}\n`)
      for (const listener of [...listeners]) listener(line)
    })
  }
  return {
    exited: once(child, 'close').then(([code]) => Number(code)),
    says(what) {
      return new Promise((resolve, reject) => {
        const listener = (line: string) => {
          const found = what.exec(line)
          if (found === null) return
          listeners = listeners.filter((each) => each !== listener)
          resolve(found)
        }
        listeners = [...listeners, listener]
        child.once('close', () => reject(new Error(`"acme ${commandLine}" ended, and never said ${what}.`)))
      })
    },
    interrupt: () => void child.kill('SIGINT'),
  }
}

/** Runs a command to its end, and shows its exit code if that is not 0. */
export async function runAcme(commandLine: string, world: Pick<World, 'environment'>): Promise<number> {
  const code = await startAcme(commandLine, world).exited
  if (code !== 0) stdout.write(`${paint([plain('exit code '), styled('caution', String(code))], { stream: stdout })}\n`)
  return code
}
