import { createRequire } from 'node:module'
import { isStoreError, type StoreError } from '@authchart/core/store'
import type { AsyncEntry } from '@napi-rs/keyring'
import { askSecretService } from './ask-secret-service.ts'
import { keyringError, keyringTroubleOf, toKeyringError } from './keyring-errors.ts'
import { findSessionBus } from './session-bus.ts'

/** How long the service may take to say how it is, in milliseconds. */
const stateMilliseconds = 2_000
/** How long a user who refused is not asked again, in milliseconds: a session tries every few seconds. */
const quietMilliseconds = 30_000

/** One text in the user's keyring. Its operations take as long as the user does, who may be asked. */
export interface KeyringEntry {
  /** @throws StoreError */
  read(): Promise<string | undefined>
  /** @throws StoreError */
  write(text: string): Promise<void>
}

/**
 * An entry of the operating system's keyring: the Keychain, the Credential Manager, a Secret Service. Never the kernel's
 * keyring, to which the library would fall back in silence, and which forgets.
 */
export function createKeyringEntry({ service, account }: { service: string; account: string }): KeyringEntry {
  let entry: AsyncEntry | undefined
  /** One at a time: each occupies one of libuv's few threads, and may ask the user. */
  let last: Promise<unknown> = Promise.resolve()
  let refusal: { readonly error: StoreError; readonly until: number } | undefined

  async function attempt<Value>(operation: (opened: AsyncEntry) => Promise<Value>, secret?: string): Promise<Value> {
    if (refusal !== undefined && performance.now() < refusal.until) throw refusal.error
    await refuseUnlessReady()
    try {
      entry ??= openEntry({ service, account })
      return await operation(entry)
    } catch (error) {
      if (isStoreError(error)) throw error
      const known = toKeyringError(error, secret)
      if (keyringTroubleOf(error) === 'dismissed') {
        refusal = { error: known, until: performance.now() + quietMilliseconds }
      }
      throw known
    }
  }

  function perform<Value>(operation: (opened: AsyncEntry) => Promise<Value>, secret?: string): Promise<Value> {
    const work = last.then(() => attempt(operation, secret))
    last = work.catch(() => {})
    return work
  }

  return {
    read: () => perform(async (opened) => (await opened.getPassword()) ?? undefined),
    write: (text) => perform((opened) => opened.setPassword(text), text),
  }
}

/** Opens the entry: this is synchronous, and asks the Secret Service. */
function openEntry({ service, account }: { service: string; account: string }): AsyncEntry {
  // Loaded when first needed: listing sessions needs no keyring.
  const keyring = createRequire(import.meta.url)('@napi-rs/keyring') as typeof import('@napi-rs/keyring')
  return new keyring.AsyncEntry(service, account, { linux: { store: 'secret-service' } })
}

/**
 * On Linux, before anything that would block or ask the user.
 * @throws StoreError `storeLocked`, `storeMissing`; `storeUnavailable` for a service that says nothing
 */
async function refuseUnlessReady(): Promise<void> {
  const bus = findSessionBus()
  if (bus.kind === 'none') throw keyringError('noSessionBus')
  if (bus.kind !== 'socket') return
  const state = await askSecretService(bus.path, { milliseconds: stateMilliseconds })
  if (state === 'locked') throw keyringError('locked')
  if (state === 'mute') throw keyringError('silent')
}
