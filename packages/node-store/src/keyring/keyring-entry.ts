import { createRequire } from 'node:module'
import { platform } from 'node:process'
import { isStoreError } from '@authchart/core/store'
import type { AsyncEntry } from '@napi-rs/keyring'
import { askSecretService } from './ask-secret-service.ts'
import { bounded } from './bounded.ts'
import { keyringError, noSessionBus, toKeyringError } from './keyring-errors.ts'
import { findSessionBus } from './session-bus.ts'

/** How long the keyring may take before it counts as unavailable, in milliseconds. */
const keyringPatience = 3_000
/** How long it may take to say how it is. */
const stateMilliseconds = 2_000

/** One text in the user's keyring. */
export interface KeyringEntry {
  /** @throws StoreError, after 3 s at the latest */
  read(): Promise<string | undefined>
  /** @throws StoreError, after 3 s at the latest; it may still be written then */
  write(text: string): Promise<void>
  /** Resolves once nothing that was asked for is under way any more, whether or not anybody waited for it. */
  settled(): Promise<void>
}

/**
 * An entry of the operating system's keyring: the Keychain, the Credential Manager, a Secret Service. Never the kernel's
 * keyring, to which the library would fall back in silence, and which forgets.
 */
export function createKeyringEntry({ service, account }: { service: string; account: string }): KeyringEntry {
  let entry: AsyncEntry | undefined
  /** One at a time: an operation that nobody waits for any more still occupies one of libuv's few threads. */
  let pending: Promise<unknown> = Promise.resolve()

  async function perform<Value>(operation: (opened: AsyncEntry) => Promise<Value>, secret?: string): Promise<Value> {
    const before = pending
    const work = before.then(async () => {
      await refuseUnlessReady()
      entry ??= openEntry({ service, account })
      return operation(entry)
    })
    pending = work.catch(() => {})
    try {
      return await bounded(work, { milliseconds: keyringPatience, late: tooLate })
    } catch (error) {
      throw isStoreError(error) ? error : toKeyringError(error, secret)
    }
  }

  return {
    read: () => perform(async (opened) => (await opened.getPassword()) ?? undefined),
    write: (text) => perform((opened) => opened.setPassword(text), text),
    settled: async () => void (await pending),
  }
}

/**
 * Opens the entry, once: this is synchronous, and asks the Secret Service.
 * @throws StoreError
 */
function openEntry({ service, account }: { service: string; account: string }): AsyncEntry {
  try {
    // Loaded when first needed: listing sessions needs no keyring.
    const keyring = createRequire(import.meta.url)('@napi-rs/keyring') as typeof import('@napi-rs/keyring')
    return new keyring.AsyncEntry(service, account, { linux: { store: 'secret-service' } })
  } catch (error) {
    throw toKeyringError(error)
  }
}

/**
 * On Linux, before anything that would block or ask the user.
 * @throws StoreError `storeLocked`, `storeMissing`; `storeUnavailable` for a service that says nothing
 */
async function refuseUnlessReady(): Promise<void> {
  if (platform !== 'linux') return
  const bus = findSessionBus()
  if (bus.kind === 'none') throw noSessionBus()
  if (bus.kind === 'foreign') return
  const state = await askSecretService(bus.path, { milliseconds: stateMilliseconds })
  if (state === 'locked') throw keyringError('storeLocked', 'the default keyring says so')
  if (state === 'mute') throw keyringError('storeUnavailable', 'the Secret Service says nothing')
}

function tooLate() {
  return keyringError('storeUnavailable', `no answer within ${keyringPatience / 1000} s`)
}
