import type { TransientCode } from '../errors/codes.ts'
import { backoffDelay } from '../policy/backoff.ts'
import type { RefreshFailure, RefreshHolder } from './refresh-holder.ts'

/** A failure that is this holder's alone (no store, no network, no lease): nothing is written about it. */
export function failLocally(
  code: TransientCode,
  holder: Pick<RefreshHolder, 'clock' | 'random' | 'failuresInARow'>,
): RefreshFailure {
  const delay = backoffDelay(holder.failuresInARow() + 1, holder.random())
  return { kind: 'failed', code, retryAt: holder.clock.now() + delay, serverAsked: false }
}
