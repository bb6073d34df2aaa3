export {
  callable,
  checkOptions,
  flag,
  isObject,
  isText,
  milliseconds,
  type OptionRule,
  type OptionRules,
  required,
  ruleOf,
  text,
  withMethods,
} from './errors/check-options.ts'
export { ConfigurationError, isConfigurationError } from './errors/configuration-error.ts'
export {
  isStoreError,
  type ReplaceToken,
  StoreError,
  type StoreErrorCode,
  type StoreErrorDetails,
  type UnreadableSummary,
} from './errors/store-error.ts'
export { createFairQueue, type FairQueue } from './store/fair-queue.ts'
export {
  type FailureRun,
  type ParsedRecord,
  parseSessionRecord,
  type RefreshIntent,
  recordFormatVersion,
  type SessionEnd,
  type SessionIdentity,
  type SessionRecord,
  type SessionSecrets,
  type SessionSummary,
  summarizeRecord,
} from './store/session-record.ts'
export type { ExpectedRecord, Lease, SessionStore } from './store/session-store.ts'
export type { ProofKey } from './token/proof.ts'
export type { TokenSet } from './token/token-set.ts'
export { untilAborted } from './token/until-aborted.ts'
