/** What became of a request that carried a token. */
export interface RequestOutcome {
  /**
   * - `accepted`: anything but a rejection of the token.
   * - `rejected`: the resource server rejected the token (RFC 6750, section 3.1, `invalid_token`).
   * - `rejectedAfterRefresh`: and so it did the one before.
   * - `stepUpRequired`: no refresh can help (RFC 9470; RFC 6750, `insufficient_scope`).
   * - `networkFailed`: there was no response.
   */
  readonly outcome: 'accepted' | 'rejected' | 'rejectedAfterRefresh' | 'stepUpRequired' | 'networkFailed'
  /** Where the request went, such as `https://api.example`; empty as the origin of callers that use `newerThan`. */
  readonly origin: string
  /** The generation of the token that it carried. */
  readonly generation: number
  /** HTTP status; absent when there was no response. */
  readonly status?: number
}
