import type { SessionRecord } from '@authchart/core/store'
import { createFieldRules, type FieldRules } from './field-rules.ts'
import { InvariantViolation } from './schedule.ts'

/** A token set that the server has issued, and what is known of it to somebody who sees everything. */
export interface ObservedSet {
  readonly number: number
  readonly family: number
  /** A request with its refresh token, or what came of one, was lost. */
  doubtful: boolean
  /** What a holder has read in answer to its refresh token. */
  answered: 'nothing' | 'tokens' | 'refusal'
  /** Whether another one is wanted: because a resource server rejected it and for nothing else, or for any reason. */
  wanted: 'no' | 'rejected' | 'yes'
  /** When it was issued. */
  readonly issuedAt: number
  /** The store has gone back to before its refresh token was used. */
  undone: boolean
  /** Its request went on after the lease was taken: whoever took it cannot know what came of that. */
  contested: boolean
  /** Some answer to its refresh token was a refusal, whatever became of that. */
  wasRefused: boolean
  /** Who has read that. */
  reader: string | undefined
  /** Where the set itself is, who has it in memory, and for which one it was given. */
  fate: 'travelling' | 'held' | 'stored' | 'lost'
  heldBy: string | undefined
  parent: ObservedSet | undefined
  generation: number | undefined
}

export interface Family {
  revoked: 'no' | 'byServer' | 'byClient'
  /** The generation of the tombstone that ended it. */
  signedOutAt: number | undefined
}

/** Sees everything that holders, store and server do, tells the story, and throws when something must not be. */
export interface Observer {
  /** What must hold about leases, pauses, backoffs and write-backs. */
  readonly rules: FieldRules
  readonly sets: ObservedSet[]
  readonly families: Family[]
  /** What the store holds. */
  readonly record: SessionRecord | undefined
  readonly story: string[]
  /** Something has gone wrong by now that excuses a refresh for failing. */
  troubled: boolean
  tokenRequests: number
  say(sentence: string): void
  fail(violation: string): never
  /** As `fail`, for where nobody would hear of a throw. */
  note(violation: string): void
  /** Throws the first violation once more: core may have caught it. */
  rethrow(): void
  /** A holder has the lease; `instead` of another, whose time was up. */
  leased(holder: string, instead?: string): void
  /** A request is open, until what is returned is called or its holder crashes. */
  sent(holder: string, set: ObservedSet): () => void
  reused(set: ObservedSet): void
  /** A holder has read a set in answer to another. */
  issued(set: ObservedSet, parent: ObservedSet, holder: string): void
  landed(next: SessionRecord, writer: string): void
  /** That was so while a refresh was under way. */
  restoredDuringRefresh: boolean
  /** The store has gone back to an older record. */
  restored(backup: SessionRecord): void
  crashed(holder: string): void
  /** Nobody goes on telling the store for an hour that a refresh token was refused: somebody may try it again. */
  losePatience(): void
  setOf(accessToken: string | undefined): ObservedSet | undefined
  isFamilyDoubtful(family: number): boolean
}

/** @param options `knownBy`: the record that a holder has in memory */
export function createObserver(options: {
  now: () => number
  isAlive: (holder: string) => boolean
  knownBy: (holder: string) => SessionRecord | undefined
}): Observer {
  const sets: ObservedSet[] = []
  const families: Family[] = []
  const story: string[] = []
  /** The open requests, by who waits. */
  const open = new Map<object, { holder: string; set: ObservedSet }>()
  /** The generation that each holder reserved for what is issued to it. */
  const reservedBy = new Map<string, number | undefined>()
  /** How many requests each holder has sent under the lease that it has. */
  const sentUnderLease = new Map<string, number>()
  let record: SessionRecord | undefined

  let first: InvariantViolation | undefined

  function note(violation: string): InvariantViolation {
    first ??= new InvariantViolation(violation, story)
    return first
  }

  function fail(violation: string): never {
    throw note(violation)
  }

  function setOf(accessToken: string | undefined): ObservedSet | undefined {
    return accessToken === undefined ? undefined : sets[Number(accessToken.replace('access-', ''))]
  }

  function isFamilyDoubtful(family: number): boolean {
    return sets.some((set) => set.family === family && (set.doubtful || set.undone || set.contested))
  }

  function checkRise(before: SessionRecord, next: SessionRecord) {
    if (next.generation < before.generation) fail('the generation of the record goes back')
    if (next.highestReservedGeneration < before.highestReservedGeneration) fail('a reserved generation is forgotten')
  }

  function checkEnd(before: SessionRecord, next: SessionRecord) {
    if (next.status !== 'ended' || before.status === 'ended') return
    const set = setOf(next.secrets?.tokenSet.accessToken)
    if (set === undefined) return
    if (before.signInId !== next.signInId || !set.wasRefused) fail('a stale refusal ends a newer session')
    if (!isFamilyDoubtful(set.family)) fail('a session ends though none of its answers was lost')
    if (set.doubtful && !set.undone && !set.contested && next.end?.reason !== 'rotationLost')
      fail(`an end after a lost answer is called ${next.end?.reason}`)
  }

  function checkRevival(next: SessionRecord) {
    const set = setOf(next.secrets?.tokenSet.accessToken)
    if (next.status === 'signedOut' || set === undefined) return
    if (families[set.family]?.signedOutAt !== undefined) fail('the store holds a session again that was signed out')
  }

  /** A doubt about a refresh token has to be in the record before it is sent again, or else have arisen just now. */
  function checkMemory(set: ObservedSet, earlier: number) {
    const isCurrent = record !== undefined && setOf(record.secrets?.tokenSet.accessToken) === set
    const isUnclear = set.doubtful || (set.contested && set.answered !== 'nothing')
    if (isCurrent && isUnclear && !set.undone && earlier === 0 && record?.refreshIntent?.outcomeUnknown !== true) {
      fail('a refresh token is sent as if for the first time, though an answer was lost')
    }
  }

  function noteSignedOut(before: SessionRecord | undefined, next: SessionRecord) {
    const family = families[setOf(before?.secrets?.tokenSet.accessToken)?.family ?? -1]
    if (next.status === 'signedOut' && family !== undefined) family.signedOutAt = next.generation
  }

  function nameGeneration(set: ObservedSet, generation: number | undefined) {
    if (generation === undefined) return
    if (sets.some((other) => other !== set && other.generation === generation)) {
      fail('two token sets have the same generation')
    }
    set.generation = generation
  }

  function noteStored(next: SessionRecord) {
    const set = setOf(next.secrets?.tokenSet.accessToken)
    if (set === undefined) return
    set.fate = 'stored'
    nameGeneration(set, next.generation)
  }

  const rules = createFieldRules({ ...options, fail, setOf })

  /** What a holder had sent or read under a lease that another holder has now: that one cannot know of it. */
  function contest(holder: string) {
    for (const [request, { holder: waiting, set }] of open) {
      if (waiting !== holder) continue
      open.delete(request)
      set.contested = true
    }
    for (const set of sets) {
      const isUnstored = set.fate === 'held' && set.heldBy === holder && set.parent
      if (isUnstored) isUnstored.contested = true
      if (set.answered === 'refusal' && set.reader === holder) set.contested = true
    }
  }

  return {
    rules,
    sets,
    families,
    story,
    get record() {
      return record
    },
    troubled: false,
    restoredDuringRefresh: false,
    tokenRequests: 0,
    say: (sentence) => void story.push(sentence),
    fail,
    note,
    rethrow() {
      if (first !== undefined) throw first
    },
    setOf,
    isFamilyDoubtful,
    leased(holder, instead) {
      sentUnderLease.set(holder, 0)
      rules.leased(holder)
      if (instead !== undefined) contest(instead)
    },
    sent(holder, set) {
      const earlier = sentUnderLease.get(holder) ?? 0
      const request = {}
      this.tokenRequests += 1
      sentUnderLease.set(holder, earlier + 1)
      open.set(request, { holder, set })
      story.push(`${holder} sends the refresh token of set ${set.number}`)
      if (open.size > 1) fail('two token requests are open')
      const isExcused = set.undone || set.contested
      if (set.answered !== 'nothing' && !isExcused) {
        fail(`a refresh token is sent again though its answer was read: ${set.answered}`)
      }
      if (set.wanted === 'no') fail('a token set is refreshed though nobody has found it wanting')
      if (earlier > 1) fail('one refresh sends its token a third time')
      checkMemory(set, earlier)
      rules.sent(holder, set, record)
      return () => void open.delete(request)
    },
    reused(set) {
      if (!set.doubtful && !set.undone && !set.contested)
        fail('a spent refresh token is used again though nothing was lost')
    },
    issued(set, parent, holder) {
      story.push(`${holder} reads set ${set.number}`)
      parent.answered = 'tokens'
      parent.reader = holder
      set.parent = parent
      if (set.fate === 'stored') return
      set.fate = 'held'
      set.heldBy = holder
      nameGeneration(set, reservedBy.get(holder))
    },
    landed(next, writer) {
      const before = record
      record = next
      rules.landed(next, { before, writer })
      const { refreshIntent } = next
      if (refreshIntent && next.generation === before?.generation)
        reservedBy.set(writer, refreshIntent.reservedGeneration)
      if (before !== undefined) {
        checkRise(before, next)
        checkEnd(before, next)
      }
      noteSignedOut(before, next)
      noteStored(next)
      checkRevival(next)
    },
    restored(backup) {
      record = backup
      rules.restored()
      const restored = setOf(backup.secrets?.tokenSet.accessToken)
      for (const set of sets) {
        if (set.family === restored?.family && (set.answered !== 'nothing' || set.doubtful)) set.undone = true
      }
      const family = families[restored?.family ?? -1]
      if (family !== undefined) family.signedOutAt = undefined
    },
    crashed(holder) {
      for (const [request, { holder: waiting, set }] of open) {
        if (waiting !== holder) continue
        open.delete(request)
        set.doubtful = true
      }
      for (const set of sets) {
        if (set.answered === 'refusal' && set.reader === holder)
          Object.assign(set, { answered: 'nothing', doubtful: true })
        if (set.fate !== 'held' || set.heldBy !== holder) continue
        set.fate = 'lost'
        if (set.parent !== undefined) Object.assign(set.parent, { answered: 'nothing', doubtful: true })
      }
    },
    losePatience() {
      for (const set of sets) if (set.answered === 'refusal') set.answered = 'nothing'
    },
  }
}
