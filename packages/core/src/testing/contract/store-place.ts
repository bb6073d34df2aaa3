import type { SessionStore } from '../../store/session-store.ts'

/**
 * Where the store under test keeps its sessions: a folder, a database, a map. Each case of the contract gets one of its
 * own, which is empty.
 */
export interface StorePlace extends Partial<AsyncDisposable> {
  /**
   * Opens a store on this place, a second one as another process or tab would. A store that exists only once, such as
   * one in memory, gives the same each time.
   */
  open(): SessionStore | Promise<SessionStore>
  /** Changes what is under a key that holds a record, so that it cannot be read any more, as a torn write would. */
  corrupt?(key: string): void | Promise<void>
  /** Removes the place with all that is in it. The next write to it makes it anew. */
  remove?(): void | Promise<void>
  /** Makes the place unusable for every store that is open on it, as a full disk or a locked keyring would. */
  breakDown?(): void | Promise<void>
  /** Takes a lease away from its holder. For stores whose leases can be lost without being given back. */
  takeLease?(key: string): void | Promise<void>
}

/** What the store says of itself. */
export interface StoreContractOptions {
  /**
   * Whether a `CryptoKeyPair` that cannot be exported comes back from the slot for the proof key: `kept`, or `refused`
   * when the store throws rather than lose it. Default: not tested.
   */
  readonly cryptoKeys?: 'kept' | 'refused'
  /** How long a hint, a lease or any other answer may take, in milliseconds. Default 5,000. */
  readonly patienceMilliseconds?: number
}

/** One statement of the contract. */
export interface StoreContractCase {
  /** A sentence that says what the store does. */
  readonly name: string
  /** Rejects with an error that says what the store did instead. */
  run(): Promise<void>
}

/** What a case works with. */
export interface ContractContext {
  readonly place: StorePlace
  readonly options: Required<Pick<StoreContractOptions, 'patienceMilliseconds'>>
}

/** A statement, before it has a place. */
export interface ContractStatement {
  readonly name: string
  hold(context: ContractContext): Promise<void>
}
