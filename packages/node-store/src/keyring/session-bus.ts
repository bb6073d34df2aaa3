import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { env } from 'node:process'

/** Where the session bus listens: a path, an abstract name (Linux), or an address that is not understood here. */
export type BusAddress =
  | { readonly kind: 'socket'; readonly path: string }
  | { readonly kind: 'foreign' }
  | { readonly kind: 'none' }

/**
 * Where libdbus will look for the session bus.
 * @see D-Bus specification, "Server Addresses" and "Message Bus"
 */
export function findSessionBus(
  variables: Readonly<Record<string, string | undefined>> = env,
  exists: (path: string) => boolean = existsSync,
): BusAddress {
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
