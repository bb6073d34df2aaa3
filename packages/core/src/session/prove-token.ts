import { ConfigurationError } from '../errors/configuration-error.ts'
import { StoreError } from '../errors/store-error.ts'
import type { CreateProof } from '../token/access-token.ts'
import type { ProofKey, ProofMaker } from '../token/proof.ts'
import type { TokenSet } from '../token/token-set.ts'

/** How proofs are made for the access token of a token set; `undefined` where none are needed: a bearer token. */
export function provingWith(
  { tokenType, accessToken }: TokenSet,
  proofKey: ProofKey | undefined,
  { dpop, now }: { dpop?: ProofMaker | undefined; now: () => number },
): CreateProof | undefined {
  if (tokenType !== 'DPoP') return undefined
  return async ({ method, url, nonce }) => {
    if (dpop === undefined) {
      throw new ConfigurationError('grant', 'must have `dpop: dpop()`: the tokens of this session are bound to a key.')
    }
    if (proofKey === undefined) throw keyMissing('is missing')
    if (nonce !== undefined) dpop.rememberNonce(String(url), nonce)
    try {
      return await dpop.createProof({ proofKey, method, url: String(url), accessToken, now: now() })
    } catch {
      // What WebCrypto says of a key may quote it.
      throw keyMissing('cannot be used')
    }
  }
}

function keyMissing(problem: string): StoreError {
  return new StoreError('recordUnreadable', `The key that the tokens are bound to ${problem}; sign in anew.`)
}
