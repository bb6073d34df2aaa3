/** Up to this many bytes, as sent, the rest of a response is read rather than cancelled. */
const shortBodyBytes = 4096

/**
 * Gives the connection back. What is short is read to its end: cancelling it makes Node's fetch close the connection
 * where not all of it has come yet. Not awaited: cancelling a body that somebody has cloned does not end.
 */
export function discard(response: Response): void {
  const length = response.headers.get('content-length')
  const isShort = length !== null && Number(length) <= shortBodyBytes
  const discarded = isShort ? response.arrayBuffer() : response.body?.cancel()
  discarded?.catch(() => {})
}
