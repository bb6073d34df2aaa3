import { inspect } from 'node:util'

/** So many characters of a secret give it away. */
const tellingLength = 12

/**
 * The secrets that a value shows in any way a program could print it, or that can be reached from it by properties.
 *
 * @param options `depth`: how deep it is printed; default to its end, which for a chart are 140 MB
 */
export function findSecrets(value: unknown, secrets: Iterable<string>, options?: { depth?: number }): string[] {
  return findInTexts([...printings(value, options), ...reachableTexts(value)], secrets)
}

/** The secrets that can be found in some texts, whole or in part, as they are or encoded. */
export function findInTexts(texts: readonly string[], secrets: Iterable<string>): string[] {
  // What is printed repeats itself: line by line there is far less of it.
  const lines = new Set(texts.flatMap((text) => text.split('\n')).map((line) => line.trim()))
  const text = [...lines].join('\n')
  return [...new Set(secrets)].filter((secret) => needlesOf(secret).some((needle) => text.includes(needle)))
}

/** How a secret looks, whole or in part, as it is or encoded. */
function needlesOf(secret: string): string[] {
  if (secret.length < tellingLength) throw new RangeError(`Too short to be found for sure: ${secret}`)
  const base64 = [0, 1, 2].map((shift) =>
    Buffer.from(secret.slice(shift))
      .toString('base64')
      .replace(/.{0,3}=*$/, ''),
  )
  const looks = [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), ...base64]
  return looks.flatMap((look) => [look.slice(0, tellingLength), look.slice(-tellingLength)])
}

/** A value in every way a program could print it. */
function printings(value: unknown, { depth = Number.POSITIVE_INFINITY }: { depth?: number } = {}): string[] {
  const options = { maxStringLength: null, maxArrayLength: null, depth }
  const print = [
    () => inspect(value, { ...options, showHidden: true }),
    () => inspect(value, { ...options, getters: true }),
    () => JSON.stringify(value) ?? '',
    () => String(value),
    () => (value instanceof Error ? `${value.stack}` : ''),
  ]
  return print.map((each) => {
    try {
      return each()
    } catch {
      // Cycles, bigints and objects without a prototype print nothing in one of these ways.
      return ''
    }
  })
}

/** Every text and name that can be reached by own properties, symbols, prototypes and the entries of collections. */
export function reachableTexts(root: unknown): string[] {
  const texts: string[] = []
  const seen = new Set<unknown>()
  const open: unknown[] = [root]
  for (let value = open.pop(); value !== undefined || open.length > 0; value = open.pop()) {
    if (typeof value === 'string') texts.push(value)
    if ((typeof value !== 'object' && typeof value !== 'function') || value === null || seen.has(value)) continue
    seen.add(value)
    if (value instanceof Map) open.push(...value.keys(), ...value.values())
    if (value instanceof Set) open.push(...value)
    if (value instanceof Headers || value instanceof URLSearchParams) texts.push(...[...value].flat())
    if (ArrayBuffer.isView(value)) texts.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString())
    for (const name of Reflect.ownKeys(value)) {
      texts.push(String(name))
      open.push(readProperty(value, name))
    }
    for (const name of accessorsOf(value)) open.push(readProperty(value, name))
  }
  return texts
}

/** The accessors of its classes, such as `request` and `url`. */
function accessorsOf(value: object): (string | symbol)[] {
  const names: (string | symbol)[] = []
  for (let prototype = Object.getPrototypeOf(value) as object | null; prototype !== null; ) {
    for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (get !== undefined) names.push(name)
    }
    prototype = Object.getPrototypeOf(prototype) as object | null
  }
  return names
}

function readProperty(value: object, name: string | symbol): unknown {
  try {
    const property: unknown = Reflect.get(value, name)
    // Some accessors of streams are promises that nobody waits for.
    if (property instanceof Promise) property.catch(() => {})
    return property
  } catch {
    return undefined
  }
}
