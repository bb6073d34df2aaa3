import type { EndReason, TransientCode } from '../errors/codes.ts'
import type { RefreshPrompt } from '../policy/choose-record.ts'
import { soonAfterBirthMilliseconds } from '../policy/choose-record.ts'
import { judgeToken } from '../policy/expiry.ts'
import type { EndFacts, FailureFacts, RequestFacts, SessionEvent, TokenFacts } from './session-events.ts'

/** What the chart is given at its start. Metadata only. */
export interface SessionInput {
  /** Under which key the session is stored. */
  readonly key: string
  /** `eager` refreshes when due; `onUse` when next asked. */
  readonly refreshTiming: 'eager' | 'onUse'
  readonly online: boolean
  /** Whether there is no session before somebody has signed in. Default `true`. */
  readonly needsSignIn?: boolean
  /** Whether anybody can see the page. Default `true`. */
  readonly visible?: boolean
  readonly signInHint?: string
  readonly clientId?: string
  readonly dynamicallyRegistered?: boolean
}

/** What the chart remembers. Metadata only; all times are milliseconds since the epoch. */
export interface SessionContext extends SessionInput {
  readonly visible: boolean
  readonly token: TokenFacts
  /** When the token was last compared with the clock. */
  readonly judgedAt: number
  /** The generation that a resource server refused last. */
  readonly rejectedGeneration: number
  /** That was soon after its birth. */
  readonly rejectedSoon: boolean
  readonly failure: FailureFacts | undefined
  /** Failures in a row. */
  readonly failures: number
  /** The device woke up, or came back online, since the last failure: our own backoff holds no longer. */
  readonly resumed: boolean
  /** New tokens are served from memory, since they cannot be stored yet. */
  readonly unstored: boolean
  readonly end: EndFacts | undefined
  /** What has been said, so that it is said once per cause. */
  readonly said: SaidFacts
  /** The last outcome of a request that was worth telling: for those who watch the chart. */
  readonly lastOutcome: (RequestFacts & { readonly outcome: string }) | undefined
}

/** What has been told to the app and is not told again. */
export interface SaidFacts {
  readonly failure: TransientCode | undefined
  readonly end: EndReason | undefined
  readonly refusedWithoutReason: boolean
  readonly unreadable: boolean
  /** Nobody is signed in, and nobody need be told so again. */
  readonly signedOut: boolean
  /** The sign-in that was told. */
  readonly signInId: string | undefined
  /** Origins that asked for a step-up from the token that is held. */
  readonly stepUps: readonly string[]
}

export const nothingSaid: SaidFacts = {
  failure: undefined,
  end: undefined,
  refusedWithoutReason: false,
  unreadable: false,
  signedOut: false,
  signInId: undefined,
  stepUps: [],
}

export const noToken: TokenFacts = {
  generation: 0,
  signInId: '',
  held: false,
  refreshable: false,
  receivedAt: 0,
}

export function createContext(input: SessionInput): SessionContext {
  return {
    ...input,
    visible: input.visible ?? true,
    token: noToken,
    judgedAt: 0,
    rejectedGeneration: 0,
    rejectedSoon: false,
    failure: undefined,
    failures: 0,
    resumed: false,
    unstored: false,
    end: undefined,
    said: nothingSaid,
    lastOutcome: undefined,
  }
}

/** What the clock says of the token that is held. */
export function judgeHeldToken(token: TokenFacts, now: number): 'fresh' | 'expiring' | 'expired' {
  if (!token.held) return 'expired'
  const { expiresAt, refreshDueAt = Number.POSITIVE_INFINITY } = token
  return judgeToken(expiresAt === undefined ? { refreshDueAt } : { expiresAt, refreshDueAt }, now)
}

export function isRejected(context: SessionContext): boolean {
  return context.token.held && context.rejectedGeneration === context.token.generation
}

/** Why a refresh is started, as its procedure wants to know. */
export function promptOf(context: SessionContext, event: SessionEvent): RefreshPrompt {
  return {
    generation: context.token.generation,
    cause: causeOf(context, event),
    rejectedSoon: context.rejectedSoon && isRejected(context),
  }
}

/** What may have ended whatever made a refresh fail. */
const wakeUps: ReadonlySet<SessionEvent['type']> = new Set(['clock.resumed', 'network.online', 'page.shown'])

function causeOf(context: SessionContext, event: SessionEvent): RefreshPrompt['cause'] {
  if (event.type === 'refresh.requested') return 'explicit'
  if (context.resumed || wakeUps.has(event.type)) return 'resumed'
  // A rejected token that has expired meanwhile is due like any other: nobody's refusal explains that.
  const now = 'now' in event ? event.now : context.judgedAt
  return isRejected(context) && judgeHeldToken(context.token, now) !== 'expired' ? 'rejected' : 'due'
}

export function isSoonAfterBirth(context: SessionContext, now: number): boolean {
  return now - context.token.receivedAt < soonAfterBirthMilliseconds
}
