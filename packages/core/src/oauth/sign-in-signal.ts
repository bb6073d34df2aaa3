/** How long one request of a sign-in may take, in milliseconds. */
const requestMilliseconds = 60_000

/** A signal that ends one request of a sign-in: when the caller no longer wants it, or after a minute. */
export function requestSignal(signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(requestMilliseconds)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}
