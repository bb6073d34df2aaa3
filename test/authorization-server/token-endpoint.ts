import { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { setTimeout as wait } from 'node:timers/promises'
import type Provider from 'oidc-provider'
import { type HttpAnswer, jsonAnswer, writeAnswer } from './http-answer.ts'
import type { ProviderStorage } from './provider-storage.ts'
import {
  inTurn,
  isWithinGrace,
  judgePresentation,
  type LedgerEntry,
  type RefreshTokenLedger,
} from './refresh-token-ledger.ts'
import type { ArmedTokenEndpointFaults, Ending, Plan } from './token-endpoint-faults.ts'
import type { OpenTokenRequest, TokenRequestJournal, TokenRequestOutcome } from './token-request-journal.ts'

type Middleware = Parameters<Provider['use']>[0]
type Context = Parameters<Middleware>[0]

interface TokenEndpointParts {
  readonly faults: ArmedTokenEndpointFaults
  readonly ledger: RefreshTokenLedger
  readonly journal: TokenRequestJournal
  readonly storage: ProviderStorage
  /** Aborts when the server closes. */
  readonly closing: AbortSignal
}

/** One token request on its way through the endpoint. */
interface Passage {
  readonly context: Context
  readonly request: OpenTokenRequest
  readonly plan: Plan
  readonly refreshToken: string | undefined
  readonly entry: LedgerEntry | undefined
  /** Lets the provider answer. */
  readonly askProvider: () => Promise<HttpAnswer>
}

/** What goes back: an answer, or a destroyed connection. */
interface Result {
  readonly answer?: HttpAnswer
  readonly outcome: TokenRequestOutcome
  /** Whether it carries the tokens that the refresh token was spent for; `withheld` where a fault keeps them back. */
  readonly tokens: 'none' | 'given' | 'withheld'
}

const keepsRefreshToken = new WeakSet<object>()

/** Whether this refresh spends its refresh token; for the provider's `rotateRefreshToken`. */
export function rotates(context: object, faults: ArmedTokenEndpointFaults): boolean {
  return faults.rotates && !keepsRefreshToken.has(context)
}

/** The way of a token request: hold, cut or answer it; ask the provider or the grace; hold, change or drop the answer. */
export function createTokenEndpoint(parts: TokenEndpointParts): Middleware {
  return async (context, next) => {
    if (context.path !== '/token' || context.method !== 'POST') return next()
    context.respond = false
    const passage = await openPassage(parts, context, next)
    const { request, entry, plan } = passage
    try {
      await hinder(plan, { afterCommit: false, closing: parts.closing })
      const result = await inTurn(entry, () => answer(parts, passage))
      await hinder(plan, { afterCommit: true, closing: parts.closing })
      await deliver(passage, result)
    } catch (error) {
      context.res.destroy()
      if (!parts.closing.aborted) throw error
    } finally {
      parts.journal.end(request)
    }
  }
}

async function openPassage(parts: TokenEndpointParts, context: Context, next: () => Promise<unknown>) {
  const body = await buffer(context.req)
  const form = new URLSearchParams(body.toString())
  const grantType = form.get('grant_type') ?? ''
  const refreshToken = form.get('refresh_token') ?? undefined
  const entry = refreshToken === undefined ? undefined : parts.ledger.find(refreshToken)
  const clientId = form.get('client_id')
  const request = parts.journal.open({
    grantType,
    ...(clientId === null ? {} : { clientId }),
    ...(entry === undefined ? {} : { refreshToken: entry.order, family: entry.family }),
  })
  const askProvider = async (): Promise<HttpAnswer> => {
    context.req = readableAgain(context.req, body)
    await next()
    const headers = Object.fromEntries(
      Object.entries(context.response.headers).map(([name, value]) => [name, String(value)]),
    )
    const text = typeof context.body === 'string' ? context.body : JSON.stringify(context.body)
    return { status: context.status, headers, body: text }
  }
  const passage: Passage = {
    context,
    request,
    plan: parts.faults.plan({ grantType }),
    refreshToken,
    entry,
    askProvider,
  }
  return passage
}

/** The same request with its body unread, since the provider reads it from the stream. */
function readableAgain(original: IncomingMessage, body: Buffer): IncomingMessage {
  const request = new IncomingMessage(original.socket)
  const { method, url, headers } = original
  // Where the server is mounted below a path, its URLs are made from this one.
  const { originalUrl } = original as { originalUrl?: string }
  Object.assign(request, {
    method,
    url,
    headers,
    complete: true,
    ...(originalUrl === undefined ? {} : { originalUrl }),
  })
  request.push(body)
  request.push(null)
  return request
}

async function hinder(plan: Plan, { afterCommit, closing }: { afterCommit: boolean; closing: AbortSignal }) {
  for (const hindrance of plan.hindrances) {
    if (hindrance.afterCommit !== afterCommit) continue
    await hindrance.gate?.pass()
    if (hindrance.milliseconds) await wait(hindrance.milliseconds, undefined, { signal: closing })
  }
}

/** Judges the refresh token, then lets a fault, the grace or the provider answer. */
async function answer(parts: TokenEndpointParts, passage: Passage): Promise<Result> {
  const { request, entry, refreshToken, plan } = passage
  const { grace } = parts.faults
  const now = performance.now()
  if (refreshToken !== undefined) {
    const presentation = judgePresentation(entry, { grace, now })
    entry?.presentations.push(presentation)
    parts.journal.presented(request, presentation)
  }
  if (plan.ending?.afterCommit === false) return endBeforeCommit(plan.ending)
  if (isWithinGrace(entry, grace, now) && parts.storage.hasRefreshToken(refreshToken ?? '')) {
    if (grace?.answer === 'sameAnswer' && entry?.spentFor)
      return endAfterCommit(plan.ending, entry.spentFor.answer, 'repeated')
    parts.storage.unspend(refreshToken ?? '')
  }
  const provided = await commit(parts, passage)
  return endAfterCommit(plan.ending, provided, provided.status === 200 ? 'issued' : 'refused')
}

/** Lets the provider process the request and writes down what it issued. */
async function commit({ ledger, journal }: TokenEndpointParts, passage: Passage): Promise<HttpAnswer> {
  const { context, request, entry, plan, refreshToken } = passage
  if (plan.ending?.kind === 'alter' && plan.ending.rotates === false) keepsRefreshToken.add(context)
  const provided = await passage.askProvider()
  if (provided.status !== 200) return provided
  journal.issued(request)
  const successor = membersOf(provided).refresh_token
  if (typeof successor !== 'string') return provided
  ledger.issued(successor, entry === undefined ? {} : { predecessor: entry })
  if (entry && successor !== refreshToken) {
    // A grace counts from the first time the token was spent, whatever pair it was given later.
    entry.spentFor = { answer: provided, at: entry.spentFor?.at ?? performance.now() }
    entry.delivery = 'pending'
  }
  return provided
}

function endBeforeCommit(ending: Ending): Result {
  return ending.kind === 'answer'
    ? { answer: ending.answer, outcome: 'answeredInstead', tokens: 'none' }
    : { outcome: 'cut', tokens: 'none' }
}

function endAfterCommit(ending: Ending | undefined, answer: HttpAnswer, outcome: TokenRequestOutcome): Result {
  const issued = answer.status === 200
  const tokens = issued ? 'withheld' : 'none'
  switch (ending?.kind) {
    case undefined:
      return { answer, outcome, tokens: issued ? 'given' : 'none' }
    case 'answer':
      return { answer: ending.answer, outcome: 'replaced', tokens }
    case 'truncate':
      return {
        answer: { ...answer, body: Buffer.from(answer.body ?? '').subarray(0, -10), truncated: true },
        outcome: 'altered',
        tokens,
      }
    case 'alter':
      return issued ? alter(ending, answer) : { answer, outcome, tokens }
    case 'destroy':
      return { outcome: 'dropped', tokens }
  }
}

function alter(ending: Ending & { kind: 'alter' }, answer: HttpAnswer): Result {
  const members = ending.change(membersOf(answer))
  return {
    answer: jsonAnswer(ending.status ?? answer.status, members, answer.headers as Record<string, string>),
    outcome: 'altered',
    tokens: typeof members.access_token === 'string' && members.error === undefined ? 'given' : 'withheld',
  }
}

/** The members of an answer's JSON object; none when it is something else. */
function membersOf({ body }: HttpAnswer): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(String(body ?? ''))
    return typeof value === 'object' && value !== null ? { ...value } : {}
  } catch {
    return {}
  }
}

/** Sends the answer or destroys the connection, and writes down whether the client has its tokens. */
async function deliver({ context, request, entry }: Passage, { answer, outcome, tokens }: Result): Promise<void> {
  request.outcome = outcome
  if (answer) {
    const { error } = membersOf(answer)
    request.status = answer.status
    if (typeof error === 'string') request.error = error
  }
  const delivered = answer ? await writeAnswer(context.res, answer) : false
  if (!answer) context.res.destroy()
  request.delivered = delivered
  if (entry?.spentFor && entry.delivery !== 'delivered' && tokens !== 'none') {
    entry.delivery = delivered && tokens === 'given' ? 'delivered' : 'lost'
  }
}
