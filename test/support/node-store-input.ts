import { fileStore, keyringStore, type NodeStore } from '@authchart/node-store'

/** Which store a program opens, as it can be said in JSON. */
export type NodeStoreInput =
  | { readonly kind: 'file'; readonly directory: string /** In base64. */; readonly key: string }
  | { readonly kind: 'keyring'; readonly service: string; readonly directory?: string }

/** Opens it. */
export function openNodeStore(input: NodeStoreInput): NodeStore {
  if (input.kind === 'file') return fileStore({ directory: input.directory, key: Buffer.from(input.key, 'base64') })
  const { kind: _kind, ...options } = input
  return keyringStore(options)
}
