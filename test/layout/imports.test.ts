import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { findForbiddenImports } from './import-rules.ts'

const coreSource = fileURLToPath(new URL('../../packages/core/src/', import.meta.url))

describe('imports of core', () => {
  it('run in one direction', () => {
    const files = readdirSync(coreSource, { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => file.endsWith('.ts') && !file.endsWith('.test.ts'))
    expect(files).toContain('index.ts')
    expect(files.flatMap((file) => findForbiddenImports(file, readFileSync(coreSource + file, 'utf8')))).toEqual([])
  })
})

describe('the import rules', () => {
  it.each([
    ['index.ts', "export { createSession } from './session/create-session.ts'"],
    ['index.ts', "export type { TokenSet } from './token/token-set.ts'"],
    ['oauth.ts', "export { refreshTokenGrant } from './oauth/refresh-token-grant.ts'"],
    ['ky.ts', "import type { Hooks } from 'ky'"],
    ['machine.ts', "import { createActor } from 'xstate'"],
    ['inspect.ts', "export { recordSession } from './inspection/record-session.ts'"],
    ['inspection/observe-actor.ts', "import type { InspectionEvent } from 'xstate'"],
    ['session/create-session.ts', "import { createActor } from 'xstate'"],
    ['session/create-session.ts', "import { createVault } from './vault.ts'"],
    ['session/create-session.ts', "import { refreshUnderLease } from '../refresh/refresh-under-lease.ts'"],
    ['http/send-with-token.ts', "import { getNewerToken } from '../session/callers.ts'"],
    ['policy/next-record.ts', "import { recordFormatVersion } from '../store/session-record.ts'"],
    ['policy/choose-record.ts', "import type { SessionRecord } from '../store/session-record.ts'"],
    ['oauth/refresh-token-grant.ts', "import * as oauth from 'oauth4webapi'"],
    ['oauth/poll-pace.ts', "import { readRetryAfter } from '../policy/backoff.ts'"],
    ['oauth/shared-wait.ts', "import { wait } from '../clock/wait.ts'"],
    ['oauth/refresh-token-grant.ts', "import { redact } from '../token/redact.ts'"],
    ['token/redact.ts', "import { ConfigurationError } from '../errors/configuration-error.ts'"],
  ])('let %s say %s', (file, source) => {
    expect(findForbiddenImports(file, source)).toEqual([])
  })

  it.each([
    ['session/vault.ts', "import { sendWithToken } from '../http/send-with-token.ts'"],
    ['session/vault.ts', "import type { Replay } from '../http/replay.ts'"],
    ['session/vault.ts', "import { refreshTokenGrant } from '../oauth/refresh-token-grant.ts'"],
    ['session/vault.ts', "import { createFetch } from '../fetch.ts'"],
    ['session/create-session.ts', "import { recordSession } from '../inspection/record-session.ts'"],
    ['inspection/inspect-session.ts', "import { createWebSocketInspector } from '@statelyai/inspect'"],
    ['refresh/refresh-under-lease.ts', "import { createVault } from '../session/vault.ts'"],
    ['store/memory-store.ts', "import { isDue } from '../policy/expiry.ts'"],
    ['policy/choose-record.ts', "import type { SessionStore } from '../store/session-store.ts'"],
    ['policy/expiry.ts', "import { systemClock } from '../clock/clock.ts'"],
    ['errors/codes.ts', "import type { TokenSet } from '../token/token-set.ts'"],
    ['oauth/discovery.ts', "import { isDue } from '../policy/expiry.ts'"],
    ['index.ts', "export { refreshTokenGrant } from './oauth/refresh-token-grant.ts'"],
    ['index.ts', "export * from './session/create-session.ts'"],
    ['index.ts', "export { createFetch } from './fetch.ts'"],
    ['fetch.ts', "import type { Hooks } from 'ky'"],
    ['fetch.ts', "import type { Actor } from 'xstate'"],
    ['http/replay.ts', "export type Body = import('ky').KyRequest"],
    ['session/vault.ts', "const oauth = await import('oauth4webapi')"],
    ['session/vault.ts', "import { readFile } from 'node:fs/promises'"],
    ['session/vault.ts', "import { thing } from '../../../node-store/src/index.ts'"],
    ['session/vault.ts', "import { thing } from './thing.js'"],
    ['somewhere/new.ts', "import { redact } from '../token/redact.ts'"],
  ])('forbid %s to say %s', (file, source) => {
    expect(findForbiddenImports(file, source)).toHaveLength(1)
  })
})
