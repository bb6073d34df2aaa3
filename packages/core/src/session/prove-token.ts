import { ConfigurationError } from '../errors/configuration-error.ts'
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
      throw new ConfigurationError('grant', 'must have `dpop: dpop()`: these tokens are bound to a key.')
    }
    if (!URL.canParse(String(url)))
      throw new ConfigurationError('url', 'must be absolute, such as https://a.example/b.')
    if (nonce !== undefined) dpop.rememberNonce(String(url), nonce)
    return dpop.createProof({ proofKey, method, url: String(url), accessToken, now: now() })
  }
}
