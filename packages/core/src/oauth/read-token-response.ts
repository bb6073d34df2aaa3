import { isObject, isText, textOf } from '../errors/check-options.ts'
import { retryAfterOf } from '../policy/backoff.ts'
import type { TokenEndpointAnswer } from '../token/grant.ts'
import { redactHeaders, redactObject } from '../token/redact.ts'
import type { TokenSetInput } from '../token/token-set.ts'
import { readStatus } from './http.ts'

/** What a token endpoint said: the facts of its answer, without secrets, and the token set if it was one. */
export interface TokenResponse {
  readonly answer: TokenEndpointAnswer
  readonly tokenSet?: TokenSetInput | undefined
}

type Members = Readonly<Record<string, unknown>>

/** What was asked, so far as the answer is read by it. */
export interface ReadingOptions {
  /** What the request carried and nothing we tell may show. */
  readonly secrets: Iterable<string>
  /** The refresh token that was sent: another one is new, and worth keeping without an access token too. */
  readonly refreshToken?: string | undefined
  /** Members that the app wants to be kept. */
  readonly keepMembers?: readonly string[]
}

/**
 * Reads the response of a token endpoint by what its body says, not by its content type. Never throws.
 *
 * It counts as issued if the status is 2xx and the body has an `access_token`, or a `refresh_token` other than the one
 * that was sent, even if it says more. Members that are malformed are left out, since tokens must not be lost over a
 * wrong `expires_in` or `scope`. All other facts come without secrets: neither those of the body nor the given ones, which
 * some servers quote in a description.
 *
 * @param text the body; `undefined` if it could not be read to its end
 * @see RFC 6749, sections 5.1 and 5.2
 */
export function readTokenResponse(
  response: Response,
  text: string | undefined,
  { secrets, refreshToken, keepMembers = [] }: ReadingOptions,
): TokenResponse {
  const { members, complete } = text === undefined ? { complete: false } : parseBody(text)
  const tokens = members && response.ok ? findTokens(members, refreshToken) : undefined
  const known = { secrets: [...secrets, ...tokensOf(members), ...tokensOf(tokens)] }
  const headers = redactHeaders(response.headers, known)
  return {
    answer: {
      kind: 'answer',
      status: readStatus(response),
      complete,
      empty: text === '',
      headers,
      retryAfter: retryAfterOf(headers),
      contentType: headers['content-type'],
      body: members && (redactObject(without(members, keepMembers), known) as Members),
    },
    tokenSet: tokens && readTokenSet(tokens, { ...members, ...tokens }, keepMembers),
  }
}

/** The members of a body, if it is an object or form-encoded; whether it is whole. */
export interface ParsedBody {
  readonly members?: Members
  readonly complete: boolean
}

/** Reads a body of any content type. Its members are as they came: secrets too. */
export function parseBody(text: string): ParsedBody {
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? { members: value, complete: true } : { complete: true }
  } catch {
    if (isFormEncoded(text)) return { members: Object.fromEntries(new URLSearchParams(text.trim())), complete: true }
    // What begins as an object and does not parse was cut on its way; anything else was never a token response.
    return { complete: !text.trimStart().startsWith('{') }
  }
}

function isFormEncoded(text: string): boolean {
  return /^[\w.%~*+-]+=[^\s<>{}"]*$/.test(text.trim())
}

/** The object that has the tokens: some servers put them one level down (`authed_user`, `data`). */
function findTokens(members: Members, sent: string | undefined): Members | undefined {
  const objects = [members, ...Object.values(members).filter(isObject)]
  const isNew = (token: unknown) => isText(token) && sent !== undefined && token !== sent
  return objects.find(({ access_token }) => isText(access_token)) ?? objects.find((each) => isNew(each.refresh_token))
}

function readTokenSet(tokens: Members, members: Members, keepMembers: readonly string[]): TokenSetInput {
  const { access_token, token_type, expires_in, refresh_token, id_token, scope } = tokens
  const { refresh_expires_in, refresh_token_expires_in, x_refresh_token_expires_in } = tokens
  const kept = keepMembers.filter((name) => Object.hasOwn(members, name))
  return {
    accessToken: isText(access_token) ? access_token : '',
    tokenType: textOf(token_type),
    expiresIn: isLifetime(expires_in) ? expires_in : undefined,
    expiresAt: readInstant(tokens.expires_at),
    refreshToken: textOf(refresh_token),
    idToken: textOf(id_token),
    scope: textOf(scope),
    signInExpiresIn: [refresh_expires_in, refresh_token_expires_in, x_refresh_token_expires_in].find(isLifetime),
    signInExpiresAt: readInstant(tokens.refresh_expires_at) ?? readInstant(tokens.refresh_token_expires_at),
    details: kept.length === 0 ? undefined : Object.fromEntries(kept.map((name) => [name, members[name]])),
  }
}

function isLifetime(value: unknown): value is string | number {
  return isText(value) || typeof value === 'number'
}

/** Later than any number of seconds that is meant, earlier than any of milliseconds: March 1973. */
const earliestMilliseconds = 1e11

/** An instant in milliseconds since the epoch, as servers give it: in seconds, in milliseconds or as a date. */
function readInstant(value: unknown): number | undefined {
  const number = isText(value) && /^\d+$/.test(value) ? Number(value) : value
  if (typeof number === 'number') return number < earliestMilliseconds ? number * 1000 : number
  const date = isText(value) ? Date.parse(value) : Number.NaN
  return Number.isNaN(date) ? undefined : date
}

function without(members: Members, names: readonly string[]): Members {
  return Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

function tokensOf(members: Members = {}): string[] {
  return [members.access_token, members.refresh_token, members.id_token].filter(isText)
}
