import type { ProviderPreset } from '@authchart/core/providers'

/** A provider as we know it: its preset, how it gives refresh tokens, and answers of its token endpoint. */
export interface ProviderEntry {
  /** As people call it. */
  readonly name: string
  /** What an app writes to spread it, such as `...google`. */
  readonly usage: string
  readonly preset: ProviderPreset
  /** How long a refresh token lives, and whether it is replaced: only what is `checked`. */
  readonly refreshTokens: string
  /** What was compared on the day of `checkedOn`, with a stored copy of which source. */
  readonly checked: readonly Check[]
  /** What was taken over without that. */
  readonly unchecked: string
  /** What could not be told from a source, and so is not in the preset. */
  readonly leftOut?: string
  readonly answers: readonly ProviderAnswer[]
}

/** When the entries were last compared with stored copies of their sources. */
export const checkedOn = '2026-11-28'

export interface Check {
  readonly what: string
  /** `documentation` is the provider's own; a `third party` writes about it. */
  readonly kind: 'documentation' | 'public issue' | 'third party'
  readonly source: string
}

/** An answer to a refresh, as its provider documents it or a user reported it. */
export interface ProviderAnswer {
  /** What happened, in a few words. */
  readonly name: string
  /** Where it is documented or reported. */
  readonly source: string
  /** Whether its words were seen there on the day of `checkedOn`. */
  readonly readAgain?: boolean
  /** Default 200. */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Members of a JSON object; a text is sent as a form. */
  readonly body: Readonly<Record<string, unknown>> | string
  /**
   * - `issued`: there are new tokens.
   * - `dead`: the refresh token will not serve again: the session ends within two minutes of trying.
   * - `client`: the client is at fault: the session ends for the operator.
   * - `passing`: it passes: the session lives, however often it is said.
   * - `throttled`: the same, for asking too often.
   */
  readonly means: 'issued' | 'dead' | 'client' | 'passing' | 'throttled'
}

/** The tokens of an answer. */
export const newTokens = { access_token: 'access-token-of-the-answer', refresh_token: 'refresh-token-of-the-answer' }
