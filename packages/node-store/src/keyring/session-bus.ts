import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { env, platform } from 'node:process'

/**
 * Where the session bus listens: a path, an abstract name, or an address that is not understood here. `none`: there should be
 * one; `notNeeded`: the system's keyring is asked without one.
 */
export type BusAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'foreign' | 'none' | 'notNeeded' }

/** What the session bus is found by. */
export interface SessionBusSystem {
  readonly platform: string
  readonly variables: Readonly<Record<string, string | undefined>>
  exists(path: string): boolean
}

/**
 * Where libdbus will look for the session bus.
 * @see D-Bus specification, "Server Addresses" and "Message Bus"
 */
export function findSessionBus(
  system: SessionBusSystem = { platform, variables: env, exists: existsSync },
): BusAddress {
  const { variables, exists } = system
  if (system.platform !== 'linux') return { kind: 'notNeeded' }
  const { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: runtimeFolder } = variables
  if (address !== undefined && address !== '') return parseBusAddress(address)
  if (runtimeFolder === undefined || runtimeFolder === '') return { kind: 'none' }
  const path = join(runtimeFolder, 'bus')
  return exists(path) ? { kind: 'socket', path } : { kind: 'none' }
}

/** The first of the addresses, separated by semicolons, that can be connected to. */
export function parseBusAddress(address: string): BusAddress {
  for (const one of address.split(';')) {
    const [transport, list = ''] = splitAt(one, ':')
    if (transport !== 'unix') continue
    const values = new Map(list.split(',').map((pair) => splitAt(pair, '=')))
    const path = values.get('path')
    if (path !== undefined) return { kind: 'socket', path: unescapeValue(path) }
    const name = values.get('abstract')
    if (name !== undefined) return { kind: 'socket', path: `\0${unescapeValue(name)}` }
  }
  return { kind: 'foreign' }
}

function splitAt(text: string, separator: string): [string, string] {
  const index = text.indexOf(separator)
  return index === -1 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)]
}

function unescapeValue(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    return value
  }
}
