import { randomBytes } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import type { TokenSetInput } from '@authchart/core'
import { createSession } from '@authchart/core'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { schemaSql } from '@authchart/postgres-store'
import { eventually } from '../eventually.ts'
import { type Program, startProgram } from '../program.ts'
import type { AskedTokens, HoldSessionsInput } from '../programs/hold-sessions.ts'
import { openPostgresStore, type PostgresStoreInput } from './open-postgres-store.ts'
import type { PostgresServer } from './postgres-server.ts'

/** How the processes of a test open the store. */
export type StoreMode = 'with presence' | 'a row alone'

/** A store input for a server whose tables are made here. */
export async function createTables(server: PostgresServer): Promise<string> {
  await server.pool.query('drop schema if exists authchart cascade')
  await server.pool.query(schemaSql())
  return randomBytes(32).toString('base64')
}

/** How a process opens it. */
export function storeInput(
  server: PostgresServer,
  { key, mode, ...options }: { key: string; mode: StoreMode } & Partial<PostgresStoreInput>,
): PostgresStoreInput {
  return { url: server.url, key, presenceUrl: mode === 'with presence' ? server.url : undefined, ...options }
}

/** An authorization server, by what a client has to know. */
export interface ClientOf {
  readonly issuer: string
  readonly clientId: string
}

/** Signs sessions in whose access tokens have expired already. */
export async function signInExpired(
  { issuer, clientId }: ClientOf,
  { store: input, tokenSets }: { store: PostgresStoreInput; tokenSets: Readonly<Record<string, TokenSetInput>> },
): Promise<void> {
  await using opened = openPostgresStore(input)
  const grant = refreshTokenGrant({ issuer, clientId })
  for (const [key, tokenSet] of Object.entries(tokenSets)) {
    await using session = createSession({ key, store: opened.store, grant })
    await session.signIn({ ...tokenSet, expiresIn: 0 })
  }
}

/** A process that has sessions open. */
export interface Holder extends Program {
  /** Has it ask all its sessions for a token, and waits for what comes of it. */
  ask(command?: 'token' | 'refresh'): Promise<AskedTokens>
  /** Resolves once it has suspended itself. It says so before, and what wakes it must not come in between. */
  suspended(): Promise<void>
}

/** Starts a process, and waits until its sessions are open. */
export async function startHolder(input: HoldSessionsInput): Promise<Holder> {
  const program = startProgram('hold-sessions', input)
  await program.printed('ready')
  return {
    ...program,
    get exitCode() {
      return program.exitCode
    },
    async ask(command = 'token') {
      const seen = program.lines.length
      program.tell(command)
      const line = await program.printedAfter(seen, 'tokens ')
      return JSON.parse(line.slice('tokens '.length)) as AskedTokens
    },
    async suspended() {
      await program.printed('suspended')
      await eventually(() => isStopped(program), { description: 'the process stops', withinMilliseconds: 60_000 })
    },
  }
}

/** @see proc(5), `/proc/pid/stat`: the state comes after the name in parentheses */
function isStopped({ pid }: Program): boolean {
  return !existsSync('/proc') || /\) T /.test(readFileSync(`/proc/${pid}/stat`, 'latin1'))
}
