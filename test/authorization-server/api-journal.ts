import { createCondition } from './condition.ts'
import type { ProofVerdict } from './proof-checks.ts'

/** One request to the API, without a secret. */
export interface ApiRequestRecord {
  /** 1 for the first request. */
  readonly sequence: number
  /** Which of the two origins it came to. */
  readonly at: 'api' | 'otherOrigin'
  readonly method: string
  /** With the query. */
  readonly path: string
  /** What its bearer token was worth when it came. */
  readonly authorization: 'none' | 'valid' | 'invalid'
  /** What the proof that came with the token was worth; absent where none came (RFC 9449). */
  readonly proof?: ProofVerdict
  /** 1 for the first access token this API ever saw, 2 for the next: a name that is no secret. */
  readonly token?: number
  /** Milliseconds since the epoch. */
  readonly arrivedAt: number
  /** Milliseconds since the epoch; absent while it is open. */
  readonly endedAt?: number
  readonly status?: number
  /** `accepted` and `rejected` by its token; `fault` by a switch; `destroyed` without an answer; `open` until then. */
  readonly outcome: 'open' | 'accepted' | 'rejected' | 'fault' | 'destroyed'
  /** Bytes of its body that have arrived. */
  readonly bodyBytes: number
  /** SHA-256 of its body, in hex; empty until the body has arrived whole. */
  readonly bodyHash: string
}

/** Numbers of API requests since the start or the last `resetCounts`. */
export interface ApiCounts {
  readonly total: number
  readonly open: number
  readonly accepted: number
  readonly rejected: number
  readonly byFault: number
  readonly destroyed: number
  /** By status of the answer. */
  readonly byStatus: Readonly<Record<number, number>>
  /** By the token's name, its `token`. */
  readonly byToken: Readonly<Record<number, number>>
  /** Requests that came to the other origin. */
  readonly atOtherOrigin: number
  /** Of those, the ones that carried a token. */
  readonly tokensAtOtherOrigin: number
  /** Bytes of bodies that have arrived. */
  readonly bodyBytes: number
}

/** Hears of each API request as it arrives and as it ends. */
export type ApiRequestListener = (event: 'arrived' | 'ended', request: ApiRequestRecord) => void

/** A record that is being written. */
export type OpenApiRequest = { -readonly [Member in keyof ApiRequestRecord]: ApiRequestRecord[Member] }

/** Writes down and counts what happens at the API. */
export interface ApiJournal {
  readonly counts: ApiCounts
  readonly requests: readonly ApiRequestRecord[]
  open(facts: Pick<ApiRequestRecord, 'at' | 'method' | 'path' | 'authorization' | 'token' | 'proof'>): OpenApiRequest
  bodyArrived(request: OpenApiRequest, bytes: number): void
  end(request: OpenApiRequest): void
  until(
    isMet: (counts: ApiCounts) => boolean,
    options?: { description?: string; withinMilliseconds?: number },
  ): Promise<void>
  subscribe(listener: ApiRequestListener): () => void
  reset(): void
}

const noCounts = {
  total: 0,
  open: 0,
  accepted: 0,
  rejected: 0,
  byFault: 0,
  destroyed: 0,
  atOtherOrigin: 0,
  tokensAtOtherOrigin: 0,
  bodyBytes: 0,
}
const countOfOutcome = {
  open: undefined,
  accepted: 'accepted',
  rejected: 'rejected',
  fault: 'byFault',
  destroyed: 'destroyed',
} as const

/** Makes an empty journal that remembers the last `limit` requests. */
export function createApiJournal({ limit }: { limit: number }): ApiJournal {
  const condition = createCondition()
  const listeners = new Set<ApiRequestListener>()
  let requests: OpenApiRequest[] = []
  let sequence = 0
  let numbers = { ...noCounts }
  let byStatus: Record<number, number> = {}
  let byToken: Record<number, number> = {}
  const currentCounts = (): ApiCounts => ({ ...numbers, byStatus: { ...byStatus }, byToken: { ...byToken } })

  function tell(event: 'arrived' | 'ended', request: ApiRequestRecord): void {
    for (const listener of listeners) listener(event, { ...request })
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
      const request: OpenApiRequest = {
        sequence,
        ...facts,
        arrivedAt: Date.now(),
        outcome: 'open',
        bodyBytes: 0,
        bodyHash: '',
      }
      requests.push(request)
      if (requests.length > limit) requests.shift()
      numbers.total += 1
      numbers.open += 1
      if (facts.at === 'otherOrigin') {
        numbers.atOtherOrigin += 1
        if (facts.authorization !== 'none') numbers.tokensAtOtherOrigin += 1
      }
      if (facts.token !== undefined) byToken[facts.token] = (byToken[facts.token] ?? 0) + 1
      tell('arrived', request)
      return request
    },
    bodyArrived(request, bytes) {
      request.bodyBytes += bytes
      numbers.bodyBytes += bytes
      condition.changed()
    },
    end(request) {
      request.endedAt = Date.now()
      numbers.open -= 1
      const count = countOfOutcome[request.outcome]
      if (count !== undefined) numbers[count] += 1
      if (request.status !== undefined) byStatus[request.status] = (byStatus[request.status] ?? 0) + 1
      tell('ended', request)
    },
    until: (isMet, { description = 'counts of API requests', ...bound } = {}) =>
      condition.until(() => isMet(currentCounts()), { description, ...bound }),
    subscribe(listener) {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
    reset() {
      numbers = { ...noCounts, open: numbers.open }
      byStatus = {}
      byToken = {}
      requests = []
    },
  }
}
