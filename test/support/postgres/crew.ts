import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { AskedTokens, DeadlyRound } from '../programs/hold-sessions.ts'
import { createTemporaryFolder } from '../temporary-folder.ts'
import { type Holder, startHolder } from './holders.ts'
import type { PostgresStoreInput } from './open-postgres-store.ts'

/** Many processes of a service, of which one dies from time to time, and is replaced. */
export interface Crew extends AsyncDisposable {
  /** Has all of them ask for a token at once. Whichever is first at the step of the round kills itself there. */
  ask(round: Omit<DeadlyRound, 'death'>): Asking
}

/** A round that is under way. */
export interface Asking {
  /** Resolves with the process that is the first to print a line with this beginning, and with the line. */
  first(beginning: string): Promise<{ member: Holder; line: string }>
  /** Resolves with what they were answered. One that has died is replaced. */
  answered(options?: { without?: Holder }): Promise<readonly AskedTokens[]>
}

/** Starts so many processes, each with its presence and one connection besides. */
export async function startCrew(
  size: number,
  input: { store: PostgresStoreInput; maximumWaitMilliseconds: number },
): Promise<Crew> {
  const temporary = createTemporaryFolder()
  const death = join(temporary.path, 'death')
  const store = { ...input.store, poolSize: 1 }
  const startMember = () => startHolder({ ...input, store, issuer: '', clientId: '', keys: [] })
  const members = new Set(await Promise.all(Array.from({ length: size }, startMember)))
  return {
    ask(round) {
      writeFileSync(death, '')
      const seen = new Map([...members].map((member) => [member, member.lines.length]))
      for (const member of members) member.tell(JSON.stringify({ ...round, death } satisfies DeadlyRound))
      const printed = async (member: Holder, beginning: string) => ({
        member,
        line: await member.printedAfter(seen.get(member) ?? 0, beginning),
      })
      return {
        first: (beginning) => Promise.any([...members].map((member) => printed(member, beginning))),
        async answered({ without: dead }: { without?: Holder } = {}) {
          const living = [...members].filter((member) => member !== dead)
          const replacing = dead && startMember().then((member) => members.add(member))
          const answers = await Promise.all(living.map((member) => printed(member, 'tokens ')))
          if (dead !== undefined) members.delete(dead)
          await replacing
          return answers.map(({ line }) => JSON.parse(line.slice('tokens '.length)) as AskedTokens)
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([...members].map((member) => member[Symbol.asyncDispose]()))
      await temporary[Symbol.asyncDispose]()
    },
  }
}
