import type { TokenEndpointFailure } from './grant.ts'

/** A token request that ended without an answer we can read. */
export type TransportFailure = Extract<TokenEndpointFailure, { kind: 'transport' }>

/** Where a connection is looked up or made; a request is written only after these have succeeded. */
const connectingSyscalls: ReadonlySet<string> = new Set(['connect', 'getaddrinfo'])

/** Errors that Node and OpenSSL raise before a TLS connection is there, so before the request is written. */
const neverSentCodes: ReadonlySet<string> = new Set([
  'ENOTFOUND',
  'EAI_AGAIN',
  'ECONNREFUSED',
  'UND_ERR_CONNECT_TIMEOUT',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'ERR_SSL_WRONG_VERSION_NUMBER',
  'ERR_SSL_UNSUPPORTED_PROTOCOL',
  'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
  'ERR_SSL_TLSV1_UNRECOGNIZED_NAME',
  'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
])

const neverSentPrefixes = ['CERT_', 'ERR_TLS_']

/** Node says this, with the code ECONNRESET and no syscall, when a connection ends within the TLS handshake. */
const cutHandshake = 'before secure TLS connection was established'

/** Longer chains than this are not made by any runtime. */
const deepestCause = 8

/**
 * What is known of a request that failed without an answer.
 *
 * `sent: 'no'` only where the error itself shows that no connection was there to send on. Browsers show nothing of the
 * kind, so there every failure is unknown; so is the end of the signal. Nothing but the error's code is kept of it.
 */
export function classifyTransportError(error: unknown, { signal }: { signal: AbortSignal }): TransportFailure {
  const sent = wasSurelyNotSent(error) ? 'no' : 'unknown'
  const code = sent === 'unknown' && signal.aborted ? 'timeout' : findCode(error)
  return { kind: 'transport', sent, ...(code === undefined ? {} : { code }) }
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
    connectingSyscalls.has(String(error.syscall)) ||
    neverSentCodes.has(code) ||
    neverSentPrefixes.some((prefix) => code.startsWith(prefix)) ||
    (code === 'ECONNRESET' && error.message.includes(cutHandshake))
  )
}

function findCode(error: unknown, depth = 0): string | undefined {
  if (!(error instanceof Error) || depth > deepestCause) return undefined
  const inner = error instanceof AggregateError ? error.errors[0] : error.cause
  return readErrorCode(error) ?? findCode(inner, depth + 1)
}

const runtimeCode = /^(E[A-Z0-9]{2,15}|(EAI|ERR|UND_ERR|CERT|OAUTH)_[A-Z0-9_]{2,60})$/

/**
 * The `code` of an error where it is one that a runtime or `oauth4webapi` gives, such as `ECONNRESET`.
 *
 * Anything else is left alone, since an app's error may hold anything under that name.
 */
export function readErrorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error) || typeof error.code !== 'string') return undefined
  return runtimeCode.test(error.code) || neverSentCodes.has(error.code) ? error.code : undefined
}
