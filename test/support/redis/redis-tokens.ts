import { randomUUID } from 'node:crypto'
import type { TokenSetInput } from '@authchart/core'
import { createClient } from '@redis/client'

/** How long the lock lives, in milliseconds: that of Nango and of LiteLLM. */
const lockMilliseconds = 10_000
/** How long its holder goes on renewing it (LiteLLM), and how long others wait for it (Nango). */
const renewalMilliseconds = 20_000
const waitMilliseconds = 1.2 * lockMilliseconds
const pollMilliseconds = 50

const extendScript = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('pexpire', KEYS[1], ARGV[2]) end`
const releaseScript = `if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end`

interface StoredTokens {
  readonly accessToken: string
  readonly refreshToken: string
  readonly expiresAt: number
  readonly lifetimeMilliseconds: number
}

/** Tokens in Redis, without a session. */
export interface RedisTokens extends AsyncDisposable {
  save(key: string, tokens: TokenSetInput): Promise<void>
  /** An access token that is good for more than half of its lifetime; `isForced`: a new one. */
  getAccessToken(key: string, options?: { isForced?: boolean }): Promise<string>
}

/**
 * Refreshes under a lock that expires, as services do it by hand, with the best of what each of them has: an owner who
 * alone releases it, and renewal while the request is open (LiteLLM, `redis_refresh_coordinator.py`), a second look under
 * the lock and no refresh without it (Nango, `credentials/refresh.ts`, `kvstore/lib/Locking.ts`), one refresh at a time
 * within the process (n8n, pull request 33092). What none of them has is left out: an intent, and a fence.
 */
export async function openRedisTokens(options: {
  url: string
  issuer: string
  clientId: string
}): Promise<RedisTokens> {
  const redis = createClient({ url: options.url }).on('error', () => {})
  await redis.connect()
  const underWay = new Map<string, Promise<string>>()
  /** These were refused: they are not sent again. */
  const refused = new Set<string>()

  async function read(key: string): Promise<StoredTokens> {
    return JSON.parse((await redis.get(`tokens:${key}`)) ?? '') as StoredTokens
  }

  async function save(key: string, { accessToken, refreshToken, expiresIn }: TokenSetInput): Promise<void> {
    const lifetimeMilliseconds = Number(expiresIn) * 1000
    const expiresAt = Date.now() + lifetimeMilliseconds
    await redis.set(`tokens:${key}`, JSON.stringify({ accessToken, refreshToken, expiresAt, lifetimeMilliseconds }))
  }

  async function underLock<Value>(key: string, work: () => Promise<Value>): Promise<Value> {
    const [name, owner, deadline] = [`lock:refresh:${key}`, randomUUID(), performance.now() + waitMilliseconds]
    const expiration = { type: 'PX', value: lockMilliseconds } as const
    while ((await redis.set(name, owner, { condition: 'NX', expiration })) === null) {
      if (performance.now() > deadline) throw new Error('The lock did not come.')
      await new Promise((resolve) => setTimeout(resolve, pollMilliseconds))
    }
    const renewed = performance.now()
    const timer = setInterval(() => {
      if (performance.now() - renewed > renewalMilliseconds) return clearInterval(timer)
      redis.eval(extendScript, { keys: [name], arguments: [owner, String(lockMilliseconds)] }).catch(() => {})
    }, lockMilliseconds / 2)
    try {
      return await work()
    } finally {
      clearInterval(timer)
      await redis.eval(releaseScript, { keys: [name], arguments: [owner] })
    }
  }

  async function refresh(key: string, before: StoredTokens): Promise<string> {
    return underLock(key, async () => {
      const found = await read(key)
      // Another process was quicker.
      if (found.accessToken !== before.accessToken) return found.accessToken
      if (refused.has(found.refreshToken)) throw new Error('invalid_grant')
      const response = await fetch(`${options.issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          refresh_token: found.refreshToken,
          client_id: options.clientId,
        }),
      })
      const answer = (await response.json()) as { access_token: string; refresh_token: string; expires_in: number }
      if (!response.ok) {
        refused.add(found.refreshToken)
        throw new Error('invalid_grant')
      }
      await save(key, {
        accessToken: answer.access_token,
        refreshToken: answer.refresh_token,
        expiresIn: answer.expires_in,
      })
      return answer.access_token
    })
  }

  return {
    save,
    async getAccessToken(key, { isForced = false } = {}) {
      const tokens = await read(key)
      if (!isForced && tokens.expiresAt - Date.now() > tokens.lifetimeMilliseconds / 2) return tokens.accessToken
      const coming = underWay.get(key) ?? refresh(key, tokens).finally(() => underWay.delete(key))
      underWay.set(key, coming)
      return coming
    },
    async [Symbol.asyncDispose]() {
      redis.destroy()
    },
  }
}
