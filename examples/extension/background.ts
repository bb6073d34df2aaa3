/// <reference types="chrome" />
import { indexedDbStore } from '@authchart/browser-store'
import { createSession } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { beginAuthorization, completeAuthorization, refreshTokenGrant } from '@authchart/core/oauth'
import type { Answer, Configuration, Question } from './questions.ts'

declare const configuration: Configuration
const { issuer, clientId, apiOrigin } = configuration
const server = { issuer, clientId }
const redirectUri = chrome.identity.getRedirectURL()

/** Opened anew whenever the browser wakes this worker; what it knows is in the store. */
const session = createSession({
  key: 'acme',
  store: indexedDbStore(),
  grant: refreshTokenGrant(server),
  allowedOrigins: [apiOrigin],
  // The browser stops a worker that is idle, and its timers with it.
  refreshTiming: 'onUse',
})
const callApi = createFetch(session)

// Before anything is awaited: a message that wakes the worker would find no listener.
chrome.runtime.onMessage.addListener((question: Question, sender, respond) => {
  // Content scripts live in pages that are not ours: they get what they need, and never a token.
  const isTrusted = sender.url?.startsWith(`chrome-extension://${chrome.runtime.id}/`)
  const asked = isTrusted || question === 'orders' ? answers[question] : undefined
  const answer = asked?.().catch(({ name, message }: Error) => ({ error: `${name}: ${message}` }))
  void answer?.then(respond)
  return answer !== undefined // The browser lets the worker live until it has answered.
})

const answers: Record<Question, () => Promise<Answer>> = {
  async status() {
    await session.ready
    return { status: session.getSnapshot().status, subject: session.claims?.sub }
  },
  async orders() {
    const response = await callApi(`${apiOrigin}/orders`)
    return { orders: response.ok ? await response.text() : `${response.status}` }
  },
  async signIn() {
    const { url, transaction } = await beginAuthorization({
      ...server,
      redirectUri,
      scope: 'openid offline_access',
    })
    const callback = await chrome.identity.launchWebAuthFlow({ url, interactive: true })
    await session.signIn(await completeAuthorization(transaction, callback ?? '', server))
    return answers.status()
  },
  async signOut() {
    await session.signOut()
    return answers.status()
  },
}
