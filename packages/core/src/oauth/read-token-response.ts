import type { TokenEndpointAnswer } from '../token/grant.ts'
import { redactHeaders, redactObject } from '../token/redact.ts'
import type { TokenSetInput } from '../token/token-set.ts'
import { readBody } from './read-body.ts'
import { removeKnownSecrets } from './remove-known-secrets.ts'

/** What a token endpoint said: a token set, or the facts of any other answer. */
export type TokenResponse =
  | { readonly kind: 'issued'; readonly tokenSet: TokenSetInput; readonly body: Readonly<Record<string, unknown>> }
  | { readonly kind: 'answer'; readonly answer: TokenEndpointAnswer }

/**
 * Reads the response of a token endpoint by what its body says, whatever its content type. Never throws.
 *
 * It counts as issued only if the status is 2xx and the body has an `access_token` and no `error`. Members that are
 * malformed are left out, since tokens must not be lost over a wrong `expires_in` or `scope`. All other facts come
 * without secrets: neither those of the body nor the given ones, which some servers quote in a description.
 *
 * @see RFC 6749, sections 5.1 and 5.2
 */
export async function readTokenResponse(
  response: Response,
  { signal, secrets }: { signal: AbortSignal; secrets: Iterable<string> },
): Promise<TokenResponse> {
  const text = await readBody(response, { signal })
  const parsed: ParsedBody = text === undefined ? { complete: false } : parseBody(text)
  const tokenSet = response.ok && parsed.members !== undefined ? readTokenSet(parsed.members) : undefined
  const body = parsed.members && redactBody(parsed.members, { secrets, issued: tokenSet !== undefined })
  if (tokenSet !== undefined && body !== undefined) return { kind: 'issued', tokenSet, body }
  return {
    kind: 'answer',
    answer: {
      status: readStatus(response),
      kind: 'answer',
      complete: parsed.complete,
      empty: text === '',
      ...removeKnownSecrets(readHeaders(response), secrets),
      headers: redactHeaders(removeKnownSecrets(Object.fromEntries(response.headers), secrets)),
      ...(body === undefined ? {} : { body }),
    },
  }
}

/** Browsers hide the status of a redirect that is not followed and say 0; 302 stands for it. */
export function readStatus(response: Response): number {
  return response.type === 'opaqueredirect' ? 302 : response.status
}

function readHeaders({ headers }: Response): { retryAfter?: string; contentType?: string } {
  const retryAfter = headers.get('retry-after')
  const contentType = headers.get('content-type')
  return { ...(retryAfter === null ? {} : { retryAfter }), ...(contentType === null ? {} : { contentType }) }
}

/** The members of a body, if it is an object or form-encoded; whether it is whole. */
export interface ParsedBody {
  readonly members?: Readonly<Record<string, unknown>>
  readonly complete: boolean
}

/** Reads a body whatever its content type is. Its members are as they came: secrets too. */
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

function readTokenSet(members: Readonly<Record<string, unknown>>): TokenSetInput | undefined {
  const accessToken = readText(members.access_token)
  if (accessToken === undefined || readText(members.error) !== undefined) return undefined
  const tokenType = readText(members.token_type)
  const refreshToken = readText(members.refresh_token)
  const idToken = readText(members.id_token)
  const scope = readText(members.scope)
  const expiresIn = members.expires_in
  return {
    accessToken,
    ...(tokenType === undefined ? {} : { tokenType }),
    ...(typeof expiresIn === 'number' || typeof expiresIn === 'string' ? { expiresIn } : {}),
    ...(refreshToken === undefined ? {} : { refreshToken }),
    ...(idToken === undefined ? {} : { idToken }),
    ...(scope === undefined ? {} : { scope }),
  }
}

function redactBody(
  members: Readonly<Record<string, unknown>>,
  { secrets, issued }: { secrets: Iterable<string>; issued: boolean },
): Readonly<Record<string, unknown>> {
  const own = [members.access_token, members.refresh_token, members.id_token].filter((value) => isText(value))
  // First what is known, whole: what only looks like a secret may be a part of it.
  const withoutKnown = removeKnownSecrets(members, [...secrets, ...own])
  // In an error response `code` is no authorization code but the server's own word for the error.
  const body = redactObject(withoutKnown, issued ? {} : { keep: ['code'] })
  return isObject(body) ? body : {}
}

function readText(value: unknown): string | undefined {
  return isText(value) ? value : undefined
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== ''
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
