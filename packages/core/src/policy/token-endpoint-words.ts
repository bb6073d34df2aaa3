import { isObject } from '../errors/check-options.ts'

/** What a word of an authorization server means for the session. */
export type WordMeaning =
  /** The refresh token is dead: the user has to sign in. */
  | 'grantRejected'
  /** The user has to act; the refresh token may serve again, since an administrator can lift this too. */
  | 'interactionRequired'
  /** The client is at fault: for the operator. */
  | 'clientRejected'
  /** The server refuses for a reason of its own that passes. */
  | 'trouble'
  /** The request is called invalid, which ends the session too: several servers say this of a dead refresh token. */
  | 'requestRejected'
  /** A proof of the client's key did not convince, which says nothing about the grant. */
  | 'proofRejected'

/**
 * The words that servers refuse with, each group with who says it and where that is told. A word that is not here never
 * ends a session by being said once. What only one provider says, or says in a sense of its own, is in its preset.
 */
const words: Readonly<Record<WordMeaning, readonly string[]>> = {
  grantRejected: [
    // RFC 6749, section 5.2
    'invalid_grant',
    // GitHub: https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/refreshing-user-access-tokens
    // HubSpot, as `status`: https://nango.dev/blog/hubspot-oauth-bad-refresh-token
    'bad_refresh_token',
    // Slack: https://github.com/slackapi/python-slack-sdk/issues/1242
    // Follow Up Boss, as is the next one: https://docs.followupboss.com/docs/oauth-error-codes
    ...['invalid_refresh_token', 'expired_refresh_token'],
    // CloudBase, as `code`: https://docs.cloudbase.net/en/error-code/REFRESH_TOKEN_EXPIRED
    'refresh_token_expired',
    // Supabase, as `error_code`: https://github.com/supabase/auth/issues/2829
    ...['refresh_token_not_found', 'refresh_token_already_used'],
    // Ory Hydra: https://github.com/ory/hydra/issues/3004
    'token_inactive',
    // Slack: https://docs.slack.dev/reference/methods/auth.test
    ...['token_revoked', 'token_expired'],
    // Strava, as `resource` and `code`: https://developers.strava.com/docs/#client-code
    'refreshtoken.invalid',
  ],
  interactionRequired: [
    // OpenID Connect Core 1.0, section 3.1.2.6; Entra says the first one to a refresh, see
    // https://learn.microsoft.com/entra/identity-platform/reference-error-codes
    ...['interaction_required', 'login_required', 'consent_required'],
  ],
  clientRejected: [
    // RFC 6749, section 5.2
    ...['invalid_client', 'unauthorized_client', 'unsupported_grant_type', 'invalid_scope'],
    // RFC 8707, section 2
    'invalid_target',
    // GitHub: https://docs.github.com/apps/oauth-apps/maintaining-oauth-apps/troubleshooting-oauth-app-access-token-request-errors
    'incorrect_client_credentials',
    // Slack: https://api.slack.com/methods/oauth.v2.exchange
    ...['bad_client_secret', 'invalid_client_id'],
    // Google: https://github.com/googleapis/google-api-nodejs-client/issues/1256
    'deleted_client',
    // Strava, as `resource` and `code`
    'application.invalid',
  ],
  trouble: [
    // RFC 6749, section 4.1.2.1, which servers say at the token endpoint too
    ...['temporarily_unavailable', 'server_error'],
    // RFC 8628, section 3.5
    'slow_down',
    // RFC 9449, section 8. A grant answers this by itself; what gets here is a server that never has enough.
    'use_dpop_nonce',
    // Google: https://github.com/googleapis/google-auth-library-python/pull/368
    'internal_failure',
    // Slack: https://api.slack.com/methods/oauth.v2.exchange
    ...['internal_error', 'fatal_error', 'service_unavailable', 'request_timeout', 'ratelimited'],
    // Auth0, as `errorCode`: https://github.com/auth0-extensions/auth0-reset-tenant/issues/31
    'too_many_requests',
    // Notion, as `code`: https://developers.notion.com/reference/status-codes
    'rate_limited',
  ],
  requestRejected: [
    // RFC 6749, section 5.2
    'invalid_request',
    // RFC 9396, section 5
    'invalid_authorization_details',
  ],
  proofRejected: [
    // RFC 9449, section 5
    'invalid_dpop_proof',
  ],
}

const meanings: ReadonlyMap<string, WordMeaning> = new Map(
  (Object.keys(words) as WordMeaning[]).flatMap((meaning) => words[meaning].map((word) => [word, meaning] as const)),
)

/** What a word means, however it is spelt: `INVALID_GRANT`, `invalid-grant`. `undefined` for any other one. */
export function meaningOf(word: string): WordMeaning | undefined {
  return meanings.get(
    word
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  )
}

/** A word that was found in an answer. */
export interface FoundWord {
  /** As the server spelt it. */
  readonly word: string
  /** `undefined` for the `error` of an answer in which nothing is known. */
  readonly meaning: WordMeaning | undefined
  /** Whether it stood where RFC 6749 wants it, and so surely means what the RFC says. */
  readonly isError: boolean
}

/**
 * The word that an answer refuses with: the first one that is known, else a text in `error`. Descriptions are not read.
 *
 * Outside of `error` a word counts only if it is about the grant, the client or the server's trouble; and what is known
 * about those says more than that the request was invalid.
 */
export function findWord(body: Readonly<Record<string, unknown>>): FoundWord | undefined {
  const own = readMember(body, 'error')
  const error: FoundWord[] = isWord(own) ? [{ word: own, meaning: meaningOf(own), isError: true }] : []
  const others = wordsBeside(body, own).flatMap((word): FoundWord[] => {
    const meaning = meaningOf(word)
    const counts = meaning !== undefined && meaning !== 'requestRejected' && meaning !== 'proofRejected'
    return counts ? [{ word, meaning, isError: false }] : []
  })
  const found = [...error, ...others]
  return found.find(({ meaning }) => meaning !== undefined && meaning !== 'requestRejected') ?? found[0]
}

/** What stands where servers put their words, other than a text in `error`. */
function wordsBeside(body: Readonly<Record<string, unknown>>, error: unknown): string[] {
  const inError = ['code', 'type', 'status'].map((name) => readMember(error, name))
  const beside = ['error_code', 'errorCode', 'code', 'status', 'type'].map((name) => readMember(body, name))
  const list = readMember(body, 'errors')
  const first: unknown = Array.isArray(list) ? list[0] : undefined
  const [resource, code] = [readMember(first, 'resource'), readMember(first, 'code')]
  const inList = [readMember(first, 'errorType'), code, isWord(resource) && isWord(code) && `${resource}.${code}`]
  return [...inError, ...beside, ...inList].filter(isWord)
}

/** An own member of what may be an object. */
export function readMember(value: unknown, name: string): unknown {
  return isObject(value) && Object.hasOwn(value, name) ? value[name] : undefined
}

function isWord(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== ''
}
