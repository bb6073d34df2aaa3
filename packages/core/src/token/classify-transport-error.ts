import type { TokenEndpointFailure } from './grant.ts'

/** A token request that ended without an answer we can read. */
export type TransportFailure = Extract<TokenEndpointFailure, { kind: 'transport' }>

/** Where a connection is looked up or made; a request is written only after these have succeeded. */
const connectingSyscall = /^(connect|getaddrinfo)$/

/** Errors that Node and OpenSSL raise before a TLS connection is there, so before the request is written. */
const neverSentCode =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|UND_ERR_CONNECT_TIMEOUT|[A-Z_]*CERT(_[A-Z_]+)?|UNABLE_TO_VERIFY_LEAF_SIGNATURE|HOSTNAME_MISMATCH|INVALID_CA|ERR_TLS_.*|ERR_SSL_(WRONG_VERSION_NUMBER|UNSUPPORTED_PROTOCOL|TLSV1_(ALERT_PROTOCOL_VERSION|UNRECOGNIZED_NAME)|SSLV3_ALERT_HANDSHAKE_FAILURE))$/

/** Node says this, with the code ECONNRESET and no syscall, when a connection ends within the TLS handshake. */
const cutHandshake = 'before secure TLS connection was established'

/** Longer chains than this are not made by any runtime. */
const deepestCause = 8

/**
 * What is known of a request that failed without an answer.
 *
 * `sent: 'no'` only where the error itself shows that no connection was there to send on. Browsers show nothing like it,
 * so there every failure is unknown; so is the end of the signal. Nothing but the error's code is kept of it.
 */
export function classifyTransportError(error: unknown, { signal }: { signal: AbortSignal }): TransportFailure {
  const sent = wasSurelyNotSent(error) ? 'no' : 'unknown'
  const code = sent === 'unknown' && signal.aborted ? 'timeout' : findCode(error)
  return { kind: 'transport', sent, code }
}

/** Whether the error, or what caused it, shows that the request never reached the server. */
function wasSurelyNotSent(error: unknown, depth = 0): boolean {
  if (!(error instanceof Error) || depth > deepestCause) return false
  // Several addresses were tried: all must have failed before anything was sent.
  if (error instanceof AggregateError && error.errors.length > 0) {
    return error.errors.every((each) => wasSurelyNotSent(each, depth + 1))
  }
  return showsNoConnection(error) || wasSurelyNotSent(error.cause, depth + 1)
}

function showsNoConnection(error: Error & { syscall?: unknown }): boolean {
  const code = readErrorCode(error) ?? ''
  return (
    connectingSyscall.test(String(error.syscall)) ||
    neverSentCode.test(code) ||
    (code === 'ECONNRESET' && error.message.includes(cutHandshake))
  )
}

function findCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > deepestCause) return undefined
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  return readErrorCode(error) ?? findCode(inner, depth + 1)
}

const runtimeCode = /^(E[A-Z0-9]{2,15}|(EAI|ERR|UND_ERR|CERT)_[A-Z0-9_]{2,60})$/

/**
 * The `code` of an error where it is one that a runtime gives, such as `ECONNRESET`.
 *
 * Anything else is left alone, since an app's error may hold anything under that name.
 */
export function readErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return runtimeCode.test(error.code) || neverSentCode.test(error.code) ? error.code : undefined
}
