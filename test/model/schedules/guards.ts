import type { ServerKind } from '../state.ts'
import { people, trouble } from './flavours.ts'
import type { Flavour } from './script-arbitrary.ts'

/** A guard of the refresh procedure, where it stands, and what must go wrong without it. */
export interface GuardRemoval {
  /** A sentence about the guard that a schedule must show to be needed. */
  readonly guard: string
  /** The source that holds it, below `packages/core/src`. */
  readonly file: string
  /** Texts that must each be found exactly once in the file, and what stands there without the guard. */
  readonly replacements: readonly (readonly [text: string, without: string])[]
  readonly server: ServerKind
  readonly flavour: Flavour
  /** One of these must be found. */
  readonly violations: readonly string[]
}

export const guardRemovals: readonly GuardRemoval[] = [
  {
    guard: 'the lease lets one holder refresh at a time',
    file: 'store/memory-store.ts',
    replacements: [['await untilAborted(before, signal)', 'signal.throwIfAborted()']],
    server: 'strict',
    flavour: trouble['crashes and pauses'],
    violations: ['two token requests are open'],
  },
  {
    guard: 'the re-read adopts what a neighbour has brought',
    file: 'policy/choose-record.ts',
    replacements: [["if (isWorthAdopting(record, prompt.generation, now)) return { kind: 'adopt' }", '']],
    server: 'strict',
    flavour: trouble['crashes and pauses'],
    violations: ['a token set is refreshed though nobody has found it wanting'],
  },
  {
    guard: 'the intent tells the next holder of a request without an answer',
    file: 'refresh/refresh-under-lease.ts',
    replacements: [
      [
        'const written = await writeRecord(holder, record.revision, intended, { under: lease })',
        'const written = { ok: true, value: true } as const; Object.assign(intended, { revision: record.revision })',
      ],
    ],
    server: 'graceSamePair',
    flavour: trouble['crashes and pauses'],
    violations: ['a refresh token is sent as if for the first time, though an answer was lost'],
  },
  {
    guard: 'a reserved generation is given out once',
    file: 'policy/choose-record.ts',
    replacements: [['Math.max(record.highestReservedGeneration, record.generation)', 'record.generation']],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['two token sets have the same generation'],
  },
  {
    guard: 'a write gives way to one that came between',
    file: 'store/memory-store.ts',
    replacements: [['if (records.get(key)?.revision !== expected) return false', '']],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['the store holds a session again that was signed out'],
  },
  {
    guard: 'tokens of a sign-in that was replaced are revoked',
    file: 'policy/choose-record.ts',
    replacements: [['theirs.signInId !== ours.signInId || ', '']],
    server: 'strict',
    flavour: people['sign-ins, sign-outs and crashes'],
    violations: ['set N was issued and is nowhere'],
  },
  {
    guard: 'an end gives way to a newer sign-in',
    file: 'refresh/write-outcome.ts',
    replacements: [["if (decision !== 'writeAgain') return", "if (decision !== 'writeAgain' && write.tokens) return"]],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['a stale refusal ends a newer session'],
  },
  {
    guard: 'an intent stays where an answer was lost twice',
    file: 'refresh/request-tokens.ts',
    replacements: [['verdict, keepIntent: true }', 'verdict, keepIntent: false }']],
    server: 'graceSamePair',
    flavour: trouble['a network in trouble'],
    violations: ['a refresh token is sent as if for the first time, though an answer was lost'],
  },
  {
    guard: 'tokens are kept in memory until they are stored',
    file: 'refresh/write-outcome.ts',
    replacements: [['patienceMilliseconds: Infinity', 'patienceMilliseconds: 0']],
    server: 'strict',
    flavour: trouble['a store in trouble'],
    violations: ['set N was issued and is nowhere', 'a refresh token is sent again though its answer was read: tokens'],
  },
]
