import type { ProviderPreset } from '@authchart/core/providers'

/** A provider as we know it: its preset, how it gives refresh tokens, and answers of its token endpoint. */
export interface ProviderEntry {
  /** As people call it. */
  readonly name: string
  /** What an app writes to spread it, such as `...google`. */
  readonly usage: string
  readonly preset: ProviderPreset
  /** How long a refresh token lives, and whether it is replaced. */
  readonly refreshTokens: string
  /** Where that is told. */
  readonly source: string
  /** What could not be told from a source, and so is not in the preset. */
  readonly leftOut?: string
  readonly answers: readonly ProviderAnswer[]
}

/** An answer to a refresh, as its provider documents it or a user reported it. */
export interface ProviderAnswer {
  /** What happened, in a few words. */
  readonly name: string
  /** Where it is documented or reported. */
  readonly source: string
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
