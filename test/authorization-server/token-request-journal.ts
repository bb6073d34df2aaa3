import { createCondition } from './condition.ts'
import type { Presentation } from './refresh-token-ledger.ts'

/**
 * What a token request came to.
 *
 * `open` while it is under way; `issued` and `refused` are the provider's own answers; `repeated` an answer given again
 * within a grace; `answeredInstead` a fault's answer, the provider never saw the request; `replaced` a fault's answer
 * after the provider had committed; `altered` the provider's answer, changed; `dropped` the connection destroyed after
 * the commit; `cut` destroyed before it.
 */
export type TokenRequestOutcome =
  | 'open'
  | 'issued'
  | 'refused'
  | 'repeated'
  | 'answeredInstead'
  | 'replaced'
  | 'altered'
  | 'dropped'
  | 'cut'

/** One token request, without a secret. */
export interface TokenRequestRecord {
  /** 1 for the first token request. */
  readonly sequence: number
  readonly grantType: string
  readonly clientId?: string
  /** The `order` of the refresh token in the ledger, if it carried a known one. */
  readonly refreshToken?: number
  /** The `family` of that refresh token. */
  readonly family?: number
  readonly presentation?: Presentation
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number
  /** Milliseconds since the epoch; absent while it is open. */
  readonly endedAt?: number
  readonly status?: number
  /** The `error` member of the answer, if it had one. */
  readonly error?: string
  readonly outcome: TokenRequestOutcome
  /** The whole answer was handed to the network. */
  readonly delivered?: boolean
}

/** Numbers of token requests and of what came of them, since the start or the last `resetCounts`. */
export interface TokenRequestCounts {
  readonly total: number
  readonly byGrantType: Readonly<Record<string, number>>
  /** Token requests with a refresh token. */
  readonly refreshes: number
  /** Refreshes for which the provider issued tokens, whether or not they arrived. */
  readonly refreshesIssued: number
  readonly open: number
  /** The most refreshes that were open at once. */
  readonly openAtOnceMaximum: number
  /** The most refreshes of one family of refresh tokens that were open at once. */
  readonly openAtOncePerFamilyMaximum: number
  /** Spent refresh tokens sent again though their answer had been given, outside of a grace. */
  readonly reuseDetected: number
  /** Spent refresh tokens sent again whose answer had been lost. */
  readonly replays: number
  /** Spent refresh tokens sent again though their answer had been given, within a grace. */
  readonly repeatsWithinGrace: number
  readonly revocationRequests: number
  readonly grantsRevoked: number
}

/** Hears of each token request as it arrives and as it ends. */
export type TokenRequestListener = (event: 'arrived' | 'ended', request: TokenRequestRecord) => void

/** A record that is being written. */
export type OpenTokenRequest = { -readonly [Member in keyof TokenRequestRecord]: TokenRequestRecord[Member] }

/** Writes down and counts what happens at the token endpoint. */
export interface TokenRequestJournal {
  readonly counts: TokenRequestCounts
  readonly requests: readonly TokenRequestRecord[]
  open(request: Pick<TokenRequestRecord, 'grantType' | 'clientId' | 'refreshToken' | 'family'>): OpenTokenRequest
  presented(request: OpenTokenRequest, presentation: Presentation): void
  issued(request: OpenTokenRequest): void
  end(request: OpenTokenRequest): void
  revocationRequested(): void
  grantsRevoked(count: number): void
  until(
    isMet: (counts: TokenRequestCounts) => boolean,
    options?: { description?: string; withinMilliseconds?: number },
  ): Promise<void>
  subscribe(listener: TokenRequestListener): () => void
  reset(): void
}

const noCounts = {
  total: 0,
  refreshes: 0,
  refreshesIssued: 0,
  openAtOnceMaximum: 0,
  openAtOncePerFamilyMaximum: 0,
  reuseDetected: 0,
  replays: 0,
  repeatsWithinGrace: 0,
  revocationRequests: 0,
  grantsRevoked: 0,
}

/** Makes an empty journal that remembers the last `limit` requests. */
export function createTokenRequestJournal({ limit }: { limit: number }): TokenRequestJournal {
  const condition = createCondition()
  const listeners = new Set<TokenRequestListener>()
  const open = new Set<OpenTokenRequest>()
  let requests: OpenTokenRequest[] = []
  let sequence = 0
  let numbers = { ...noCounts }
  let byGrantType: Record<string, number> = {}

  function currentCounts(): TokenRequestCounts {
    return { ...numbers, byGrantType: { ...byGrantType }, open: open.size }
  }

  function tell(event: 'arrived' | 'ended', request: TokenRequestRecord): void {
    for (const listener of listeners) listener(event, { ...request })
    condition.changed()
  }

  function countOpen(family: number | undefined): void {
    const refreshes = [...open].filter(({ grantType }) => grantType === 'refresh_token')
    const ofFamily = refreshes.filter((request) => request.family === family)
    numbers.openAtOnceMaximum = Math.max(numbers.openAtOnceMaximum, refreshes.length)
    numbers.openAtOncePerFamilyMaximum = Math.max(numbers.openAtOncePerFamilyMaximum, ofFamily.length)
  }

  function add(count: keyof typeof noCounts, amount = 1): void {
    numbers[count] += amount
    condition.changed()
  }

  return {
    get counts() {
      return currentCounts()
    },
    get requests() {
      return requests.map((request) => ({ ...request }))
    },
    open(facts) {
      sequence += 1
      const request: OpenTokenRequest = { sequence, ...facts, arrivedAt: Date.now(), outcome: 'open' }
      requests.push(request)
      if (requests.length > limit) requests.shift()
      open.add(request)
      numbers.total += 1
      byGrantType[request.grantType] = (byGrantType[request.grantType] ?? 0) + 1
      if (request.grantType === 'refresh_token') {
        numbers.refreshes += 1
        countOpen(request.family)
      }
      tell('arrived', request)
      return request
    },
    presented(request, presentation) {
      request.presentation = presentation
      if (presentation === 'reuse') add('reuseDetected')
      if (presentation === 'replay') add('replays')
      if (presentation === 'repeatWithinGrace') add('repeatsWithinGrace')
    },
    issued(request) {
      if (request.grantType === 'refresh_token') add('refreshesIssued')
    },
    end(request) {
      open.delete(request)
      request.endedAt = Date.now()
      tell('ended', request)
    },
    revocationRequested: () => add('revocationRequests'),
    grantsRevoked: (count) => add('grantsRevoked', count),
    until: (isMet, { description = 'counts of token requests', ...bound } = {}) =>
      condition.until(() => isMet(currentCounts()), { description, ...bound }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reset() {
      numbers = { ...noCounts }
      byGrantType = {}
      requests = []
    },
  }
}
