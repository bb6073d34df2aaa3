import type { SessionRecord } from '../store/session-record.ts'
import type { ProofKey } from '../token/proof.ts'
import type { RefreshHolder } from './refresh-holder.ts'

/**
 * The key that the next tokens will be bound to: the one there is, or a new one for a session that had none. Where none
 * can be made, the grant will say so.
 */
export async function findProofKey(record: SessionRecord, { grant }: RefreshHolder): Promise<ProofKey | undefined> {
  if (record.secrets?.proofKey !== undefined || grant.dpop === undefined) return record.secrets?.proofKey
  try {
    return await grant.dpop.createKey()
  } catch {
    return undefined
  }
}
