import { inspect } from 'node:util'

/** So many characters of a secret give it away. */
const tellingLength = 12

/** The secrets that a value shows in any way a program could print it, or that can be reached from it by properties. */
export function findSecrets(value: unknown, secrets: Iterable<string>): string[] {
  const texts = [...printings(value), ...reachableTexts(value)]
  return [...new Set(secrets)].filter((secret) => {
    const needles = needlesOf(secret)
    return texts.some((text) => needles.some((needle) => text.includes(needle)))
  })
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

function printings(value: unknown): string[] {
  const print = [
    () =>
      inspect(value, {
        showHidden: true,
        depth: Number.POSITIVE_INFINITY,
        maxStringLength: null,
        maxArrayLength: null,
      }),
    () => inspect(value, { depth: Number.POSITIVE_INFINITY, getters: true }),
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
    // Accessors of classes, such as `request` and `url`.
    const prototype: unknown = Object.getPrototypeOf(value)
    if (!isBuiltIn(prototype)) {
      for (const name of Reflect.ownKeys(prototype as object)) open.push(readProperty(value, name))
      open.push(prototype)
    }
  }
  return texts
}

function isBuiltIn(prototype: unknown): boolean {
  return prototype === null || prototype === Object.prototype || prototype === Function.prototype
}

function readProperty(value: object, name: string | symbol): unknown {
  try {
    return Reflect.get(value, name)
  } catch {
    return undefined
  }
}
