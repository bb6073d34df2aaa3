import type { TokenResponseMembers } from './token-endpoint-faults.ts'

/** A change for `faults.alterAnswer`: the token response without these members. */
export function withoutMembers(...names: string[]): (members: TokenResponseMembers) => TokenResponseMembers {
  return (members) => Object.fromEntries(Object.entries(members).filter(([name]) => !names.includes(name)))
}

/** A change for `faults.alterAnswer`: these members added or replaced, such as `{ expires_in: '3600s' }`. */
export function withMembers(changes: TokenResponseMembers): (members: TokenResponseMembers) => TokenResponseMembers {
  return (members) => ({ ...members, ...changes })
}
