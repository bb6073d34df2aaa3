import type { SessionNotice } from '@authchart/core'
import type { TokenRequestRecord } from '@authchart/test/authorization-server'

/** An event of the demo. Metadata only: tokens are known by their numbers. */
export type DemoEvent =
  /** The next part of the story begins. */
  | { readonly type: 'act'; readonly act: number; readonly acts: number; readonly title: string; readonly text: string }
  | StateEvent
  /** The service begins to call the API. */
  | { readonly type: 'callStarted'; readonly call: number }
  | CallEndedEvent
  /** The API answered; a call whose token it rejected comes twice. */
  | { readonly type: 'apiRequest'; readonly call: number; readonly status?: number; readonly token?: number }
  | TokenRequestEvent
  /** A token request got no answer, as the session saw it. */
  | { readonly type: 'tokenRequestUnanswered'; readonly code: string }
  | { readonly type: 'authorizationServer'; readonly reachable: boolean }
  | { readonly type: 'notice'; readonly notice: SessionNotice }

/** The chart's two regions, and what is known of the token. Times are milliseconds since the epoch. */
export interface StateEvent {
  readonly type: 'state'
  /** The region that answers "may this token be sent?", or the chart's only state while there is no sign-in. */
  readonly token: string
  /** The region that answers "what is being done about it?", such as `refreshing.requestingTokens`. */
  readonly refresh?: string
  readonly usable: boolean
  /** 1 for the first token set. */
  readonly tokenSet: number
  readonly receivedAt?: number
  readonly refreshDueAt?: number
  readonly expiresAt?: number
  /** Why refreshing fails, and when it is tried again. */
  readonly code?: string
  readonly retryAt?: number
  /** Why the session ended. */
  readonly reason?: string
}

/** The result of a call of the service. */
export interface CallEndedEvent {
  readonly type: 'callEnded'
  readonly call: number
  /** `tokenUnusable`: there was no token for the call, and the session said why. */
  readonly outcome: 'succeeded' | 'tokenUnusable' | 'failedOtherwise'
  /** The API rejected the token of its first send. */
  readonly rejectedOnce: boolean
  /** Why it failed: a code, a reason, or a message. */
  readonly why?: string
}

/** The authorization server has finished a token request. */
export interface TokenRequestEvent {
  readonly type: 'tokenRequest'
  /** 1 for the refresh token of the sign-in, 2 for its successor. */
  readonly refreshToken?: number
  /** `replay`: a refresh token whose answer was lost. */
  readonly presentation?: NonNullable<TokenRequestRecord['presentation']>
  readonly outcome: TokenRequestRecord['outcome']
  readonly status?: number
  readonly error?: string
}

/** An event as renderers get it; `at` is in milliseconds since the start of the demo. */
export type TimedEvent = DemoEvent & { readonly at: number }

/** The demo in numbers: the last line of `--json`. */
export interface Summary {
  readonly type: 'summary'
  /** Calls that the service made. */
  readonly requests: number
  readonly succeeded: number
  /** Calls without a usable token: they got the reason at once, and a dead token was not sent. */
  readonly failedWhileTokenUnusable: number
  readonly failedOtherwise: number
  /** Token requests that reached the authorization server, without the sign-in. */
  readonly tokenRequests: number
  /** Token sets that the session got from them. */
  readonly refreshes: number
  /** Token requests that sent a refresh token whose earlier answer was lost. */
  readonly replays: number
  /** Token requests that sent a refresh token whose answer had arrived. */
  readonly reuseDetected: number
  /** Why the session ended. */
  readonly ended: string
}

/** Shows events as they come. A renderer cannot change the story. */
export interface Renderer {
  show(event: TimedEvent): void
  /** Shows the end. `faults` says what went wrong. */
  finish(summary: Summary, faults: readonly string[]): void
  /** Restores the terminal, in every case. */
  close(): void
}
