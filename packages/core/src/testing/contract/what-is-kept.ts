import type { SessionStore } from '../../store/session-store.ts'
import { createContractRecord, contractKey as key, putRecord } from './contract-records.ts'
import { expectEqual, expectThat } from './expectations.ts'
import type { ContractStatement, StoreContractOptions } from './store-place.ts'

/** Records come back as they were, with all that is in them. */
export const whatIsKept: readonly ContractStatement[] = [
  {
    name: 'keeps fields that it does not know, at every depth',
    async hold({ place }) {
      const { identity, secrets } = createContractRecord()
      const record = createContractRecord({
        fieldOfTheFuture: { nested: [1, 'two', { three: null }] },
        identity: { ...identity, tenant: 'of the future' },
        secrets: { ...secrets, tokenSet: { ...secrets?.tokenSet, ofTheFuture: true }, more: ['of', 'it'] },
      })
      await putRecord(await place.open(), record)
      expectEqual(await (await place.open()).read(key), record, 'what was read')
    },
  },
  {
    name: 'keeps texts of any characters',
    async hold({ place }) {
      const text = 'NUL \u0000 separators \u2028\u2029 quotes "\'` emoji 🔑 accents e\u0301 é lone \ud800 ends'
      const record = createContractRecord({ identity: { subject: text }, revision: `revision ${text}` })
      await putRecord(await place.open(), record)
      const store = await place.open()
      expectEqual(await store.read(key), record, 'what was read')
      const next = createContractRecord()
      expectThat(await store.compareAndSet(key, record.revision, next), 'such a revision was not found again.')
    },
  },
  {
    name: 'keeps records of half a megabyte',
    async hold({ place }) {
      const { secrets } = createContractRecord()
      const big = 'id-token-'.repeat(30_000)
      const record = createContractRecord({
        clear: big,
        secrets: { tokenSet: { ...secrets?.tokenSet, idToken: big } },
      })
      await putRecord(await place.open(), record)
      expectEqual(await (await place.open()).read(key), record, 'what was read')
    },
  },
  {
    name: 'keeps tombstones and ends without secrets, and nothing of the secrets that were there',
    async hold({ place }) {
      const store = await place.open()
      const { secrets: _erased, ...clear } = createContractRecord({ revision: 'revision-2', status: 'signedOut' })
      await putRecord(store)
      expectThat(await store.compareAndSet(key, 'revision-1', clear), 'a tombstone was refused.')
      expectEqual(await (await place.open()).read(key), clear, 'what was read')
      const end = { reason: 'clientRejected', endedAt: 7 } as const
      const ended = createContractRecord({ revision: 'revision-3', status: 'ended', end })
      expectThat(await store.compareAndSet(key, 'revision-2', ended), 'an end was refused.')
      expectEqual(await (await place.open()).read(key), ended, 'what was read')
    },
  },
  {
    name: 'keeps a proof key that is a JWK',
    async hold({ place }) {
      const { secrets } = createContractRecord()
      const proofKey = { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', d: 'd', key_ops: ['sign'], ext: true }
      const record = createContractRecord({ secrets: { ...secrets, proofKey } })
      await putRecord(await place.open(), record)
      expectEqual(await (await place.open()).read(key), record, 'what was read')
    },
  },
]

/** What the store says of proof keys that cannot be exported. */
export function cryptoKeys(expected: NonNullable<StoreContractOptions['cryptoKeys']>): readonly ContractStatement[] {
  if (expected === 'kept') {
    const name = 'keeps a proof key that cannot be exported, and that signs when it is back'
    return [{ name, hold: async ({ place }) => keepKeyPair(await place.open(), await place.open()) }]
  }
  const name = 'refuses a proof key that it cannot keep, and writes nothing'
  return [{ name, hold: async ({ place }) => refuseKeyPair(await place.open()) }]
}

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const

async function createRecordWithKeyPair() {
  const proofKey = await crypto.subtle.generateKey(algorithm, false, ['sign', 'verify'])
  const { secrets } = createContractRecord()
  return { proofKey, record: createContractRecord({ secrets: { ...secrets, proofKey } }) }
}

async function keepKeyPair(store: SessionStore, later: SessionStore): Promise<void> {
  const { proofKey, record } = await createRecordWithKeyPair()
  await putRecord(store, record)
  const kept = (await later.read(key))?.secrets?.proofKey as Partial<CryptoKeyPair> | undefined
  expectThat(kept?.privateKey instanceof CryptoKey, 'the private key did not come back as a CryptoKey.')
  expectThat(!kept.privateKey.extractable, 'the private key can be exported all of a sudden.')
  const data = new Uint8Array([1, 2, 3])
  const signature = await crypto.subtle.sign(algorithm, kept.privateKey, data)
  const isValid = await crypto.subtle.verify(algorithm, proofKey.publicKey, signature, data)
  expectThat(isValid, 'what the private key signs does not fit the public key.')
}

async function refuseKeyPair(store: SessionStore): Promise<void> {
  const { record } = await createRecordWithKeyPair()
  let isRefused = false
  try {
    await store.compareAndSet(key, undefined, record)
  } catch {
    isRefused = true
  }
  expectThat(isRefused, 'a key pair that cannot be serialised was not refused.')
  expectEqual(await store.read(key), undefined, 'what the refused write left')
}
