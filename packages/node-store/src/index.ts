/**
 * Where sessions are kept in Node. This version gives the contract its stores will keep, and no store yet.
 *
 * @module
 */
export type { Lease, SessionRecord, SessionStore, SessionSummary } from '@authchart/core/store'
