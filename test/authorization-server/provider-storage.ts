import type { Adapter, AdapterFactory, AdapterPayload } from 'oidc-provider'

/** What one authorization server keeps: nothing is shared between servers and nothing is evicted. */
export interface ProviderStorage {
  readonly adapter: AdapterFactory
  /** Removes every grant of the subject (of everybody when absent) with all its tokens; the number of grants. */
  removeGrants(subject?: string): number
  /** Whether the refresh token is there, spent or not: it goes with its grant. */
  hasRefreshToken(refreshToken: string): boolean
  /** Lets a spent refresh token be used once more. */
  unspend(refreshToken: string): void
  /** When an access token ends, in milliseconds since the epoch; `undefined` for one that is unknown. */
  accessTokenEnd(accessToken: string): number | undefined
  /** Ends the lifetime of every access token that there is. */
  expireAccessTokens(): void
}

interface Entry {
  payload: AdapterPayload
  /** Milliseconds since the epoch: the provider's own `exp` is cut to whole seconds. */
  endsAt: number
}

/** Makes an empty storage. */
export function createProviderStorage(): ProviderStorage {
  const models = new Map<string, Map<string, Entry>>()

  function entriesOf(model: string): Map<string, Entry> {
    const entries = models.get(model) ?? new Map<string, Entry>()
    models.set(model, entries)
    return entries
  }

  /** Those of people, and those of clients alone. */
  function accessTokens(): [string, Entry][] {
    return [...entriesOf('AccessToken'), ...entriesOf('ClientCredentials')]
  }

  function removeGrants(subject?: string): number {
    let removed = 0
    for (const [grantId, { payload }] of [...entriesOf('Grant')]) {
      if (subject !== undefined && payload.accountId !== subject) continue
      for (const entries of models.values()) removeByGrantId(entries, grantId)
      entriesOf('Grant').delete(grantId)
      removed += 1
    }
    return removed
  }

  return {
    adapter: (model) => createAdapter(entriesOf(model)),
    removeGrants,
    hasRefreshToken: (refreshToken) => entriesOf('RefreshToken').has(refreshToken),
    unspend(refreshToken) {
      const entry = entriesOf('RefreshToken').get(refreshToken)
      if (entry) delete entry.payload.consumed
    },
    accessTokenEnd: (accessToken) => accessTokens().find(([id]) => id === accessToken)?.[1].endsAt,
    expireAccessTokens() {
      for (const [, entry] of accessTokens()) entry.endsAt = Math.min(entry.endsAt, Date.now())
    },
  }
}

function removeByGrantId(entries: Map<string, Entry>, grantId: string): void {
  for (const [id, { payload }] of [...entries]) {
    if (payload.grantId === grantId) entries.delete(id)
  }
}

function createAdapter(entries: Map<string, Entry>): Adapter {
  const findBy = (member: 'uid' | 'userCode', value: string) =>
    [...entries.values()].find(({ payload }) => payload[member] === value)?.payload
  return {
    async upsert(id, payload, expiresIn) {
      const endsAt = expiresIn === undefined ? Number.POSITIVE_INFINITY : Date.now() + expiresIn * 1000
      entries.set(id, { payload: { ...payload }, endsAt })
    },
    async find(id) {
      return entries.get(id)?.payload
    },
    async findByUid(uid) {
      return findBy('uid', uid)
    },
    async findByUserCode(userCode) {
      return findBy('userCode', userCode)
    },
    async consume(id) {
      const entry = entries.get(id)
      if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000)
    },
    async destroy(id) {
      entries.delete(id)
    },
    async revokeByGrantId(grantId) {
      removeByGrantId(entries, grantId)
    },
  }
}
