/** Takes the lease of a session in a folder, says so, and keeps it until it is told to give it back. */
import process from 'node:process'
import { createInterface } from 'node:readline'
import { fileStore } from '@authchart/node-store/file'

export interface HoldLeaseInput {
  readonly directory: string
  /** How long to wait for it, in milliseconds. */
  readonly patience: number
}

const { directory, patience } = JSON.parse(process.argv[2] ?? '{}') as HoldLeaseInput
const store = fileStore({ directory, key: new Uint8Array(32).fill(7) })
const lines = createInterface({ input: process.stdin })
try {
  const lease = await store.lease('acme:alice', { signal: AbortSignal.timeout(patience) })
  console.log('leased')
  lease.lost.addEventListener('abort', () => console.log('lost'))
  await new Promise((resolve) => lines.once('line', resolve))
  await lease[Symbol.asyncDispose]()
  console.log('given back')
} catch (error) {
  console.log(error instanceof Error && error.name === 'TimeoutError' ? 'kept out' : String(error))
}
process.exit(0)
