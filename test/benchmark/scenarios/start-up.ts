import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { createSession } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { keyringStore } from '@authchart/node-store/keyring'
import { startSecretService } from '../../support/secret-service.ts'
import { missingKeyringTools } from '../../support/secret-service-tools.ts'
import { createTemporaryFolder } from '../../support/temporary-folder.ts'
import type { Effort, Scenario } from '../measurement.ts'
import { quantile } from '../measurement.ts'

const rounds: Record<Effort, number> = { full: 15, smoke: 1 }

const parts = ['import of core', 'import of the store', 'restore', 'token'] as const
type Part = (typeof parts)[number]

/** What a command-line tool does before its first request. Prints how long each part took, in milliseconds. */
const program = (directory: string) => `
const times = [performance.now()]
const [{ createSession }, { refreshTokenGrant }] = await Promise.all([
  import(${JSON.stringify(import.meta.resolve('@authchart/core'))}),
  import(${JSON.stringify(import.meta.resolve('@authchart/core/oauth'))}),
])
times.push(performance.now())
const { keyringStore } = await import(${JSON.stringify(import.meta.resolve('@authchart/node-store/keyring'))})
times.push(performance.now())
const session = createSession({
  key: 'acme:alice',
  store: keyringStore({ service: 'authchart-benchmark', directory: ${JSON.stringify(directory)} }),
  grant: refreshTokenGrant({ issuer: 'https://login.example', clientId: 'benchmark' }),
})
await session.ready
times.push(performance.now())
await session.getAccessToken()
times.push(performance.now())
console.log(JSON.stringify(times.slice(1).map((time, index) => time - times[index])))
`

/** How long a program takes to have its token, with a keyring that is unlocked, over one that does nothing. */
export const measureStartUp: Scenario = async (effort) => {
  if (missingKeyringTools !== undefined) return []
  await using folder = createTemporaryFolder()
  await using keyring = await startSecretService()
  Object.assign(process.env, keyring.environment)
  const directory = join(folder.path, 'sessions')
  await signIn(directory)

  const bare: number[] = []
  const whole: number[] = []
  const took = new Map<Part, number[]>(parts.map((part) => [part, []]))
  for (let round = 0; round < rounds[effort]; round += 1) {
    bare.push(run('').milliseconds)
    const { milliseconds, printed } = run(program(directory))
    whole.push(milliseconds)
    const times = JSON.parse(printed) as number[]
    for (const [index, part] of parts.entries()) took.get(part)?.push(times[index] ?? Number.NaN)
  }
  const over = whole.map((milliseconds, index) => milliseconds - (bare[index] ?? Number.NaN))
  return [
    {
      name: 'start: a token from the keyring store, over a bare Node',
      value: quantile(over, 0.5),
      unit: 'ms',
      target: { atMost: 110 },
    },
    { name: 'start: the same as a ratio to a bare Node', value: quantile(whole, 0.5) / quantile(bare, 0.5), unit: '×' },
    ...parts.map((part) => ({
      name: `start, of which ${part}`,
      value: quantile(took.get(part) ?? [], 0.5),
      unit: 'ms' as const,
    })),
  ]
}

async function signIn(directory: string): Promise<void> {
  await using session = createSession({
    key: 'acme:alice',
    store: keyringStore({ service: 'authchart-benchmark', directory }),
    grant: refreshTokenGrant({ issuer: 'https://login.example', clientId: 'benchmark' }),
  })
  await session.signIn({ accessToken: 'benchmark-access', refreshToken: 'benchmark-refresh', expiresIn: 3600 })
}

function run(source: string): { milliseconds: number; printed: string } {
  const startedAt = performance.now()
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [...process.execArgv, '--input-type=module', '--eval', source],
    { encoding: 'utf8' },
  )
  if (status !== 0) throw new Error(stderr)
  return { milliseconds: performance.now() - startedAt, printed: stdout }
}
