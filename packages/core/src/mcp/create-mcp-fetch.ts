import { callable, checkOptions, flag, type OptionRules } from '../errors/check-options.ts'
import { createAuthorizedFetch } from '../http/authorized-fetch.ts'
import type { AuthorizedFetchOptions } from '../http/authorized-fetch-options.ts'
import { type StepUpChallenge, stepUpChallengeOf } from '../policy/classify-response.ts'
import { coreOf } from '../session/live-session.ts'
import type { Session } from '../session/session.ts'

/** Options of `createMcpFetch`. */
export interface McpFetchOptions extends AuthorizedFetchOptions {
  /**
   * Signs the user in for more, when the server says that a call needs it; the call is then sent once more. Calls that
   * need it meanwhile wait for the same step-up. What it throws is what they fail with. Default: the call gets the 403.
   *
   * Ask for what was granted before too: a sign-in that leaves it out loses it.
   */
  readonly stepUp?: (challenge: StepUpChallenge) => Promise<unknown>
}

/**
 * A `fetch` for the transports of either SDK, in place of an `authProvider`: it does what `createFetch` does, with DPoP
 * too, and a step-up where the server asks for one.
 *
 * Tokens go to the session's `allowedOrigins` only, which must have the MCP server's origin.
 *
 * @throws ConfigurationError when the session lists no origin, or an option is malformed or unknown. The function it
 * returns rejects as that of `createFetch` does.
 * @example
 * const stepUp = ({ scope }) => signInByLoopback(session, { ...server, resource, scope: `${granted} ${scope}` })
 * const transport = new StreamableHTTPClientTransport(new URL(url), { fetch: createMcpFetch(session, { stepUp }) })
 * @see RFC 6750, section 3.1, `insufficient_scope`, and RFC 9470, section 3
 */
export function createMcpFetch(session: Session, options: McpFetchOptions = {}): typeof globalThis.fetch {
  checkOptions(options, rules)
  const { stepUp, ...others } = options
  const send = createAuthorizedFetch(coreOf(session), others)
  if (stepUp === undefined) return send
  let underWay: Promise<void> | undefined
  let stepUps = 0

  async function begin(challenge: StepUpChallenge): Promise<void> {
    try {
      await stepUp?.(challenge)
      stepUps += 1
    } finally {
      underWay = undefined
    }
  }

  return async (input, init) => {
    const before = stepUps
    const response = await send(input, init)
    const mayAsk = response.status === 401 || response.status === 403
    const challenge = mayAsk ? stepUpChallengeOf(response.headers.get('www-authenticate')) : undefined
    if (challenge === undefined || !canBeSentAgain(input, init)) return response
    // One that was under way while another stepped up has the token of before.
    if (stepUps === before) {
      underWay ??= begin(challenge)
      await underWay
    }
    response.body?.cancel().catch(() => {})
    return send(input, init)
  }
}

/** Both SDKs send an address with a text. */
function canBeSentAgain(input: RequestInfo | URL, init: RequestInit | undefined): boolean {
  const { body = null } = init ?? {}
  return (typeof input === 'string' || input instanceof URL) && (body === null || typeof body === 'string')
}

const rules: OptionRules<McpFetchOptions> = { fetch: callable, cloneRequestBodies: flag, stepUp: callable }
