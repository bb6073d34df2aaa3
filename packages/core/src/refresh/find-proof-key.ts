import type { SessionRecord } from '../store/session-record.ts'
import type { ProofKey } from '../token/proof.ts'
import type { RefreshHolder } from './refresh-holder.ts'

/**
 * The key that the next tokens will be bound to: the one there is, or a new one for a session that had none. Without
 * secrets to keep it with, the grant makes one itself; where none can be made, it will say so.
 */
export async function findProofKey(record: SessionRecord, { grant }: RefreshHolder): Promise<ProofKey | undefined> {
  const { secrets } = record
  if (secrets === undefined || secrets.proofKey !== undefined || grant.dpop === undefined) return secrets?.proofKey
  try {
    return await grant.dpop.createKey()
  } catch {
    return undefined
  }
}
