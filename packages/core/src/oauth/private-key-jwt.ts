import { modifyAssertion, PrivateKeyJwt } from 'oauth4webapi'
import { checkOptions, type OptionRules, required, ruleOf, text } from '../errors/check-options.ts'
import { ConfigurationError } from '../errors/configuration-error.ts'
import type { ClientAuthentication } from './client-authentication.ts'

/** Options of `privateKeyJwt`. */
export interface PrivateKeyJwtOptions {
  /** Whose public key the server knows: ECDSA, RSA-PSS, RSASSA-PKCS1-v1_5 or Ed25519, with the usage `sign`. */
  readonly privateKey: CryptoKey
  /** The `kid` under which the server knows it. Default: none, for servers that know one key. */
  readonly keyId?: string
  /** `EdDSA` where a server knows Ed25519 by its older name only (RFC 8037; RFC 9864). Default: as the key says. */
  readonly algorithm?: 'EdDSA'
  /**
   * Whom the assertion is for. Default: the issuer, as it must be since the RFC was revised (RFC 7523bis; FAPI 2.0).
   * Some servers, Microsoft Entra among them, want the URL of their token endpoint.
   */
  readonly audience?: string
}

/**
 * An assertion signed with the client's private key, made anew for each request (`private_key_jwt`).
 *
 * @example
 * const algorithm = { name: 'ECDSA', namedCurve: 'P-256' }
 * const privateKey = await crypto.subtle.importKey('pkcs8', bytes, algorithm, false, ['sign'])
 * clientCredentialsGrant({ issuer, clientId, clientAuthentication: privateKeyJwt({ privateKey, keyId: '2026-1' }) })
 * @throws ConfigurationError when an option is missing, malformed or unknown
 * @see RFC 7523, sections 2.2 and 3; OpenID Connect Core 1.0, section 9
 */
export function privateKeyJwt(options: PrivateKeyJwtOptions): ClientAuthentication {
  checkOptions(options, rules)
  const { privateKey, keyId, algorithm, audience } = options
  if (algorithm !== undefined && privateKey.algorithm.name !== 'Ed25519') {
    throw new ConfigurationError('algorithm', 'is for an Ed25519 key; any other key says it by itself.')
  }
  const sign = PrivateKeyJwt(keyId === undefined ? privateKey : { key: privateKey, kid: keyId }, {
    [modifyAssertion](header, payload) {
      if (algorithm !== undefined) header.alg = algorithm
      if (audience !== undefined) payload.aud = audience
    },
  })
  return ({ issuer, clientId, body, headers }) => sign({ issuer }, { client_id: clientId }, body, headers)
}

const algorithms: ReadonlySet<string> = new Set(['ECDSA', 'RSA-PSS', 'RSASSA-PKCS1-v1_5', 'Ed25519'])

const rules: OptionRules<PrivateKeyJwtOptions> = {
  privateKey: required(
    ruleOf(`a private CryptoKey with the usage "sign": ${[...algorithms].join(', ')}`, isSigningKey),
  ),
  keyId: text,
  algorithm: ruleOf('"EdDSA"', (value) => value === 'EdDSA'),
  audience: text,
}

function isSigningKey(key: unknown): boolean {
  if (Object.prototype.toString.call(key) !== '[object CryptoKey]') return false
  const { type, usages, algorithm } = key as CryptoKey
  return type === 'private' && usages.includes('sign') && algorithms.has(algorithm.name)
}
