import { mayBeMended, type RefreshPrompt } from '../policy/choose-record.ts'
import { judgeToken } from '../policy/expiry.ts'
import type { Rejection, Rejections } from '../policy/rejections.ts'
import type { EndFacts, FailureFacts, RequestEnded, SessionEvent, TokenFacts } from './session-events.ts'

/** What the chart is given at its start. Metadata only. */
export interface SessionInput {
  /** Under which key the session is stored. */
  readonly key: string
  /** `eager` refreshes when due, while the page can be seen; `always` in a hidden page too; `onUse` when next asked. */
  readonly refreshTiming: 'eager' | 'always' | 'onUse'
  readonly online: boolean
  /** Whether the grant signs in by itself. Default `false`. */
  readonly signsIn?: boolean
  /** Whether the page can be seen. Default `true`. */
  readonly visible?: boolean
  readonly signInHint?: string
  readonly clientId?: string
  readonly dynamicallyRegistered?: boolean
}

/** What the chart is told at its start, and does not change. */
type SessionSettings = Omit<SessionInput, 'online' | 'visible' | 'signsIn'> & { readonly signsIn: boolean }

/**
 * What the chart remembers. Metadata only; all times are milliseconds since the epoch.
 *
 * At most 19 members: every step of the chart copies it, and V8 makes a dictionary of a copy that has more, which takes
 * five times the memory.
 */
export interface SessionContext {
  readonly settings: SessionSettings
  /** What the device says about its network. */
  readonly online: boolean
  /** Whether the page can be seen. */
  readonly visible: boolean
  readonly token: TokenFacts
  /** How the token set came. */
  readonly source: 'nowhere' | 'restored' | 'signIn' | 'refresh' | 'adopted'
  /** Why a sign-in probably brought no refresh token. */
  readonly advice: string | undefined
  /** When the token was last compared with the clock. */
  readonly judgedAt: number
  /** The access token that resource servers rejected last, until a refresh has come to something. */
  readonly rejected: RejectedToken | undefined
  /** The origins that keep rejecting access tokens, as the record knows them. */
  readonly rejections: Rejections | undefined
  readonly failure: FailureFacts | undefined
  /** Failures in a row. */
  readonly failures: number
  /** When the first of them came. */
  readonly failingSince: number
  /** The device woke up, or came back online, since the last failure: our own backoff holds no longer. */
  readonly resumed: boolean
  /** New tokens are served from memory, since they cannot be stored yet. */
  readonly unstored: boolean
  readonly end: EndFacts | undefined
  /** The user has signed out, rather than never signed in. */
  readonly tombstone: boolean
  /** The last outcome of a request that was worth telling: for those who watch the chart. */
  readonly lastOutcome: Omit<RequestEnded, 'type'> | undefined
}

interface RejectedToken {
  readonly generation: number
  readonly origins: readonly string[]
  /** What was known of its first rejection. */
  readonly rejection: Rejection | undefined
}

export const noToken: TokenFacts = {
  generation: 0,
  signInId: '',
  held: false,
  refreshable: false,
  receivedAt: 0,
}

/** What a session without a sign-in remembers beside its token. */
export const blankSession = {
  source: 'nowhere',
  advice: undefined,
  rejected: undefined,
  rejections: undefined,
  failure: undefined,
  failures: 0,
  failingSince: 0,
  resumed: false,
  unstored: false,
  end: undefined,
} as const

export function createContext({ online, visible = true, signsIn = false, ...input }: SessionInput): SessionContext {
  return {
    settings: { ...input, signsIn },
    online,
    visible,
    ...blankSession,
    token: noToken,
    judgedAt: 0,
    tombstone: false,
    lastOutcome: undefined,
  }
}

/** What the clock says of the token that is held. */
export function judgeHeldToken(token: TokenFacts, now: number): 'fresh' | 'expiring' | 'expired' {
  if (!token.held) return 'expired'
  const { expiresAt, refreshDueAt = Infinity } = token
  return judgeToken({ expiresAt, refreshDueAt }, now)
}

export function isRejected({ token, rejected }: SessionContext): boolean {
  return token.held && rejected?.generation === token.generation
}

/** Whether an explicit refresh may go on after the end of this session. */
export function isMendable({ end, token, settings }: SessionContext): boolean {
  return end !== undefined && (settings.signsIn || mayBeMended(end.reason, token.refreshable))
}

/** Why a refresh is started, as its procedure wants to know. */
export function promptOf(context: SessionContext, event: SessionEvent): RefreshPrompt {
  const cause = causeOf(context, event)
  const { generation } = context.token
  return { generation, cause, rejection: cause === 'rejected' ? context.rejected?.rejection : undefined }
}

/** What may have ended the trouble that made a refresh fail. */
const wakeUps: ReadonlySet<SessionEvent['type']> = new Set(['clock.resumed', 'network.online', 'page.shown'])

function causeOf(context: SessionContext, event: SessionEvent): RefreshPrompt['cause'] {
  if (event.type === 'refresh.requested') return 'explicit'
  if (context.resumed || wakeUps.has(event.type)) return 'resumed'
  // A rejected token that has expired meanwhile is due like any other.
  const now = 'now' in event ? event.now : context.judgedAt
  return isRejected(context) && judgeHeldToken(context.token, now) !== 'expired' ? 'rejected' : 'due'
}
