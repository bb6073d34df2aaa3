import { type HttpAnswer, jsonAnswer } from './http-answer.ts'

/** Answers that token endpoints, and what stands before them, give in the wild; for `faults.answerWith`. */
export const tokenAnswers = {
  /** A firewall's or proxy's page. */
  htmlForbidden: html(403, 'Request blocked'),
  htmlUnauthorized: html(401, 'Sign in to the proxy'),
  emptyUnauthorized: { status: 401 },
  emptyForbidden: { status: 403 },
  jsonArrayUnauthorized: jsonAnswer(401, ['unauthorized']),
  /** What Envoy says when its access rules refuse. */
  rbacAccessDenied: text(403, 'RBAC: access denied'),
  errorIsObject: jsonAnswer(400, { error: { code: 'invalid_grant' } }),
  formEncodedInvalidGrant: {
    status: 400,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: 'error=invalid_grant&error_description=The+refresh+token+is+spent',
  },
  invalidGrant: oauthError('invalid_grant'),
  invalidGrantAsHtml: {
    ...oauthError('invalid_grant'),
    headers: { 'content-type': 'text/html' },
  },
  /** @see RFC 6749, section 5.2 */
  invalidClient: oauthError('invalid_client', { status: 401, headers: { 'www-authenticate': 'Basic realm="token"' } }),
  invalidClientWithoutChallenge: oauthError('invalid_client', { status: 401 }),
  unauthorizedClient: oauthError('unauthorized_client'),
  unsupportedGrantType: oauthError('unsupported_grant_type'),
  invalidScope: oauthError('invalid_scope'),
  invalidTarget: oauthError('invalid_target'),
  invalidRequest: oauthError('invalid_request'),
  interactionRequired: oauthError('interaction_required'),
  temporarilyUnavailable: oauthError('temporarily_unavailable'),
  serverError: oauthError('server_error'),
  slowDown: oauthError('slow_down'),
  bareBadRequest: { status: 400 },
  throttled: { status: 429 },
  /** Some servers throttle with an error code that would otherwise end a session. */
  throttledInvalidGrant: oauthError('invalid_grant', { status: 429 }),
  unavailable: { status: 503 },
  badGateway: html(502, 'Bad gateway'),
  gatewayTimeout: html(504, 'Gateway timeout'),
  internalServerError: oauthError('invalid_grant', { status: 500 }),
  requestTimeout: { status: 408 },
  tooEarly: { status: 425 },
  redirect: { status: 302, headers: { location: '/login' } },
  brokenJson: { status: 200, headers: { 'content-type': 'application/json' }, body: '{"access_token":"cut' },
  emptySuccess: { status: 200 },
  htmlSuccess: html(200, 'Welcome to the captive portal'),
  withoutAccessToken: jsonAnswer(200, { token_type: 'Bearer', expires_in: 60 }),
  successWithError: jsonAnswer(200, { error: 'bad_refresh_token' }),
  truncated: { ...jsonAnswer(200, { access_token: 'never arrives whole', token_type: 'Bearer' }), truncated: true },
} satisfies Record<string, HttpAnswer>

/**
 * An answer with a `Retry-After`, in seconds or as a date (RFC 9110, section 10.2.3).
 *
 * @param date the answer's own; default the real time
 */
export function withRetryAfter(answer: HttpAnswer, retryAfter: number | Date, date = new Date()): HttpAnswer {
  const value = typeof retryAfter === 'number' ? String(retryAfter) : retryAfter.toUTCString()
  return { ...answer, headers: { ...answer.headers, date: date.toUTCString(), 'retry-after': value } }
}

/** An error answer of the token endpoint (RFC 6749, section 5.2). */
export function oauthError(
  error: string,
  { status = 400, headers = {}, description = `The server says ${error}` }: OAuthErrorOptions = {},
): HttpAnswer {
  return jsonAnswer(status, { error, error_description: description }, headers)
}

/** What else an error answer carries; default status 400. */
export interface OAuthErrorOptions {
  readonly status?: number
  readonly headers?: Record<string, string>
  readonly description?: string
}

function html(status: number, title: string): HttpAnswer {
  return {
    status,
    headers: { 'content-type': 'text/html; charset=utf-8' },
    body: `<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
  }
}

function text(status: number, body: string): HttpAnswer {
  return { status, headers: { 'content-type': 'text/plain' }, body }
}
