import { type Challenge, parseChallenges } from './parse-challenges.ts'

/** What a resource server's response says of the access token that the request carried. */
export type ResponseVerdict =
  /** It was not rejected; the request itself may have failed all the same. */
  | 'accepted'
  /** It was rejected: a refresh may help. */
  | 'rejected'
  /** The proof lacked the server's nonce: the same request again with it, without a refresh. */
  | 'nonceRequired'
  /** Another token by a refresh would not do: the user must sign in anew, or for more. */
  | 'stepUpRequired'

/**
 * Judges a resource server's response by its status and by the `error` parameter of its challenges.
 *
 * @param response `challenge` is the `WWW-Authenticate` header, which browsers hide across origins; `hasDpopNonce`
 *   tells whether a `DPoP-Nonce` came along, without which a demand for one cannot be met
 * @param rejectedStatuses statuses besides 401 that mean "this token is rejected"
 * @see RFC 6750, section 3.1; RFC 9449, section 9; RFC 9470, section 3
 */
export function classifyResponse(
  response: { readonly status: number; readonly challenge: string | null; readonly hasDpopNonce?: boolean },
  rejectedStatuses: ReadonlySet<number>,
): ResponseVerdict {
  const { status, challenge, hasDpopNonce = true } = response
  const isListed = rejectedStatuses.has(status)
  if (status !== 401 && status !== 403) return isListed ? 'rejected' : 'accepted'
  const errors = errorsOf(parseChallenges(challenge ?? ''))
  if (status === 403) {
    if (errors.has('insufficient_scope')) return 'stepUpRequired'
    return isListed ? 'rejected' : 'accepted'
  }
  if (errors.has('use_dpop_nonce') && hasDpopNonce) return 'nonceRequired'
  return errors.has('insufficient_user_authentication') ? 'stepUpRequired' : 'rejected'
}

/** What a resource server wants of the next sign-in, for the app to ask for there. */
export interface StepUpChallenge {
  /** The scope that the request needs, space-separated (RFC 6750, section 3). */
  readonly scope?: string
  /** The authentication contexts that it accepts, space-separated: for `acr_values` (RFC 9470, section 3). */
  readonly acrValues?: string
  /** How long ago the user may have signed in, in seconds: for `max_age` (RFC 9470, section 3). */
  readonly maxAge?: number
  /** Where the resource server describes itself (RFC 9728, section 5.1). */
  readonly resourceMetadata?: string
}

const stepUpErrors: readonly (string | undefined)[] = ['insufficient_scope', 'insufficient_user_authentication']
/** More than any scope or URL that is meant for a client. */
const longestParameter = 2000

/**
 * What the challenge of a response that is `stepUpRequired` asks for; `undefined` when it does not ask for a step up, or
 * not for anything in particular.
 *
 * @param header the `WWW-Authenticate` header
 */
export function stepUpChallengeOf(header: string | null): StepUpChallenge | undefined {
  const challenge = parseChallenges(header ?? '').find(({ parameters }) => stepUpErrors.includes(parameters.error))
  if (challenge === undefined) return undefined
  const { scope, acr_values: acrValues, max_age: age, resource_metadata: resourceMetadata } = challenge.parameters
  const asked = {
    scope: readText(scope),
    acrValues: readText(acrValues),
    maxAge: age !== undefined && /^\d{1,9}$/.test(age) ? Number(age) : undefined,
    resourceMetadata:
      resourceMetadata !== undefined && URL.canParse(resourceMetadata) ? readText(resourceMetadata) : undefined,
  }
  return Object.values(asked).some((value) => value !== undefined) ? asked : undefined
}

function errorsOf(challenges: readonly Challenge[]): ReadonlySet<string | undefined> {
  return new Set(challenges.map(({ parameters }) => parameters.error))
}

/** A value that goes into a notice, and perhaps into a URL: printable, and not without end. */
function readText(value: string | undefined): string | undefined {
  return value !== undefined && value.length <= longestParameter && /^[\x20-\x7e]+$/.test(value) ? value : undefined
}
