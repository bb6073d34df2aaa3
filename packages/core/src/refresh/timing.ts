/**
 * How long the steps of a refresh may take, in milliseconds. Their order matters: callers are answered first, then the
 * token request ends, and only then do others stop waiting for the lease under which it was made.
 */
export const leaseWaitMilliseconds = 75_000
/** How long one token request may stay open. */
export const tokenRequestMilliseconds = 60_000
/** How long a grant may take to notice that. */
export const grantAnswerMilliseconds = 1_000
/** How long one operation of a store may take before it counts as failed. It may still land. */
export const storeOperationMilliseconds = 10_000
/** A request whose outcome is unknown is sent once more after this long, plus up to `replaySpreadMilliseconds`. */
export const replayDelayMilliseconds = 1_000
export const replaySpreadMilliseconds = 2_000
/** The longest pause between two tries to store a token set that was issued. */
export const longestStorePauseMilliseconds = 10_000
/** For how long an end or a cooldown is tried to be stored, under the lease. */
export const outcomePatienceMilliseconds = 60_000
/** For how long trying to store keeps a Node process alive. */
export const storeKeepAliveMilliseconds = 60_000
