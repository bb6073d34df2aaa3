import type { ServerKind } from '../state.ts'
import { field, people, trouble } from './flavours.ts'
import type { Flavour } from './script-arbitrary.ts'

/** A guard of the refresh procedure, where it stands, and what must go wrong without it. */
export interface GuardRemoval {
  /** A sentence about the guard that a schedule must show to be needed. */
  readonly guard: string
  /** The source that holds it, below `packages`. */
  readonly file: string
  /** Texts that must each be found exactly once in the file, and what stands there without the guard. */
  readonly replacements: readonly (readonly [text: string, without: string])[]
  readonly server: ServerKind
  readonly flavour: Flavour
  /** One of these must be found. */
  readonly violations: readonly string[]
}

const procedureGuards: readonly GuardRemoval[] = [
  {
    guard: 'the lease lets one holder refresh at a time',
    file: 'core/src/store/fair-queue.ts',
    replacements: [['await untilAborted(before, signal)', 'signal.throwIfAborted()']],
    server: 'strict',
    flavour: trouble['crashes and pauses'],
    violations: ['two token requests are open', 'an intent is written without the lease'],
  },
  {
    guard: 'the re-read adopts what a neighbour has brought',
    file: 'core/src/policy/choose-record.ts',
    replacements: [["if (isWorthAdopting(record, prompt.generation, now)) return { kind: 'adopt' }", '']],
    server: 'strict',
    flavour: trouble['crashes and pauses'],
    violations: ['a token set is refreshed though nobody has found it wanting'],
  },
  {
    guard: 'the intent tells the next holder of a request without an answer',
    file: 'core/src/refresh/refresh-under-lease.ts',
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
    file: 'core/src/policy/choose-record.ts',
    replacements: [['Math.max(record.highestReservedGeneration, record.generation)', 'record.generation']],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['two token sets have the same generation'],
  },
  {
    guard: 'a write gives way to one that came between',
    file: 'core/src/store/memory-store.ts',
    replacements: [['if (records.get(key)?.revision !== expected) return false', '']],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['the store holds a session again that was signed out'],
  },
  {
    guard: 'tokens of a sign-in that was replaced are revoked',
    file: 'core/src/policy/choose-record.ts',
    replacements: [['theirs.signInId !== ours.signInId || ', '']],
    server: 'strict',
    flavour: people['sign-ins, sign-outs and crashes'],
    violations: ['set N was issued and is nowhere'],
  },
  {
    guard: 'an end gives way to a newer sign-in',
    file: 'core/src/refresh/write-outcome.ts',
    replacements: [["if (decision !== 'writeAgain') return", "if (decision !== 'writeAgain' && write.tokens) return"]],
    server: 'strict',
    flavour: people['sign-ins and sign-outs'],
    violations: ['a stale refusal ends a newer session'],
  },
  {
    guard: 'an intent stays where an answer was lost twice',
    file: 'core/src/refresh/request-tokens.ts',
    replacements: [['verdict, keepIntent: true }', 'verdict, keepIntent: false }']],
    server: 'graceSamePair',
    flavour: trouble['a network in trouble'],
    violations: ['a refresh token is sent as if for the first time, though an answer was lost'],
  },
  {
    guard: 'tokens are kept in memory until they are stored',
    file: 'core/src/refresh/write-outcome.ts',
    replacements: [['patienceMilliseconds: Infinity', 'patienceMilliseconds: 0']],
    server: 'strict',
    flavour: trouble['a store in trouble'],
    violations: ['set N was issued and is nowhere', 'a refresh token is sent again though its answer was read: tokens'],
  },
]

/** What the schedules of one flavour show at a strict server. */
function removalsOf(flavour: Flavour, removals: readonly Omit<GuardRemoval, 'server' | 'flavour'>[]): GuardRemoval[] {
  return removals.map((removal) => ({ ...removal, server: 'strict', flavour }))
}

const unleased = `refresh.prompt.cause === 'rejected'
  ? { kind: 'leased', lease: { lost: new AbortController().signal, async [Symbol.asyncDispose]() {} } }
  : await waitForLease(refresh)`

const rejectionGuards = removalsOf(field['an origin that rejects every token'], [
  {
    guard: 'an origin that no new token satisfies pauses',
    file: 'core/src/policy/rejections.ts',
    replacements: [
      ['if (!isFruitless || now - receivedAt > youngMilliseconds * Math.max(pausersOf(rejections), 1)) {', '{'],
    ],
    violations: ['a token is refreshed for an origin that rejects each'],
  },
  {
    guard: 'a pause that another holder has written holds',
    file: 'core/src/policy/choose-record.ts',
    replacements: [["if (decision.kind === 'paused') return { kind: 'pause' }", '']],
    violations: ['a token is refreshed for an origin that rejects each'],
  },
  {
    guard: 'a rejection that leads to a refresh is in the record',
    file: 'core/src/policy/next-record.ts',
    replacements: [['rejections: rejections ?? record.rejections,', '']],
    violations: ['a refresh for a rejection is not in the record'],
  },
  {
    guard: 'only who has the lease writes a pause',
    file: 'core/src/refresh/refresh-under-lease.ts',
    replacements: [['await waitForLease(refresh)', unleased]],
    violations: ['a pause is written without the lease'],
  },
])

const writeBackGuards = removalsOf(field['a store that goes back in time'], [
  {
    guard: 'newer tokens are written over a record that is older, before anything is sent',
    file: 'core/src/refresh/refresh-under-lease.ts',
    replacements: [['await writeBack(holder, record)', 'undefined']],
    violations: ['a refresh token is sent though its holder knows newer tokens'],
  },
  {
    guard: 'a hint that tells of an older record has newer tokens written over it',
    file: 'core/src/session/effects.ts',
    replacements: [['await writeBack(core, read.value)', 'undefined']],
    violations: ['the store stays behind what a holder knows'],
  },
  {
    guard: 'a write-back settles before anything is sent',
    file: 'core/src/policy/next-record.ts',
    replacements: [['serverCooldownUntil: settledAt,', '']],
    violations: ['a token request is sent before a write-back has settled'],
  },
  {
    guard: 'the request after a write-back counts as one whose outcome is unknown',
    file: 'core/src/policy/next-record.ts',
    replacements: [["status === 'signedIn' ? unknownOutcome : undefined", 'undefined']],
    violations: ['a request after a write-back counts as one for the first time'],
  },
  {
    guard: 'a write-back forgets no number that was given out',
    file: 'core/src/policy/next-record.ts',
    replacements: [
      [
        'Math.max(known.highestReservedGeneration, record.highestReservedGeneration)',
        'known.highestReservedGeneration',
      ],
    ],
    violations: ['a reserved generation is forgotten'],
  },
])

const waitingGuards = removalsOf(field['callers who wait through an outage'], [
  {
    guard: 'a caller waits for a try that is in time for it',
    file: 'core/src/session/callers.ts',
    replacements: [['if (retryAt >= patienceUntil) return', 'return']],
    violations: ['a caller fails though the next try is in time for it'],
  },
  {
    guard: 'one try serves all who wait',
    file: 'core/src/policy/choose-record.ts',
    replacements: [['if (heedsBackoff && isHeldBack(', 'if (false && isHeldBack(']],
    violations: ['a token request is sent while the record backs off'],
  },
  {
    guard: 'what a server asked for holds for all',
    file: 'core/src/policy/choose-record.ts',
    replacements: [['if (isHeldBack(serverCooldownUntil,', 'if (false && isHeldBack(serverCooldownUntil,']],
    violations: ['a token request is sent during a cooldown'],
  },
])

const leaseGuards = removalsOf(field['leases that run out, and holders that stand still'], [
  {
    guard: 'right before the request the lease is looked at once more',
    file: 'core/src/refresh/request-tokens.ts',
    replacements: [['isRefused ||= isLost(lease)', '']],
    violations: ['a token request is sent without the lease'],
  },
  {
    guard: 'a lease is lost when its time is up by the clock of its holder',
    file: 'core/src/refresh/lease.ts',
    replacements: [[' || (lease.remainingMilliseconds?.() ?? Infinity) < shortestRemainder', '']],
    violations: ['a token request is sent without the lease'],
  },
  {
    guard: 'the database refuses an intent whose lease was taken over',
    file: 'core/src/refresh/refresh-under-lease.ts',
    replacements: [['{ under: lease }', '{}']],
    violations: ['an intent is written without the lease'],
  },
  {
    guard: 'a lease is taken over only once it was seen to be gone for a while',
    file: 'postgres-store/src/lease/takeover.ts',
    replacements: [['if (facts.now - gone.since < settle) return false', '']],
    violations: ['a token request is sent without the lease', 'two token requests are open'],
  },
])

export const guardRemovals: readonly GuardRemoval[] = [
  ...procedureGuards,
  ...rejectionGuards,
  ...writeBackGuards,
  ...waitingGuards,
  ...leaseGuards,
]
