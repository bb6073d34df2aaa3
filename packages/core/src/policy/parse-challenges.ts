/** One way to authenticate that a server offers. */
export interface Challenge {
  /** The scheme as the server spelt it; to be compared without regard to case. */
  readonly scheme: string
  /** The parameters by name in lower case; of one given twice, the first. */
  readonly parameters: Record<string, string>
}

const separators = /[\s,]*/y
const token = /[!#$%&'*+\-.^_`|~\w]+/y
const equals = /\s*=\s*/y
const quotedString = /"((?:[^"\\]|\\.)*)"/sy
/** More than the RFC's token, because servers leave URLs unquoted. */
const bareValue = /[^\s,"]+/y
const token68 = /\s+[\w\-.~+/]+=*(?=\s*(?:,|$))/y

/**
 * The challenges of a `WWW-Authenticate` header, several of which may stand in one line: `Bearer realm="a, b", DPoP
 * algs="ES256"`. A token68, such as that of `Negotiate`, is left out.
 *
 * Reads what it can of a malformed header, and stops at a quote that is never closed. Never throws; takes time in
 * proportion to the header's length.
 *
 * @see RFC 9110, sections 11.3 and 11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = []
  let position = 0

  function take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = position
    const match = pattern.exec(header)
    if (match === null) return undefined
    position = pattern.lastIndex
    return match
  }

  function takeValue(): string | undefined {
    if (header[position] !== '"') return take(bareValue)?.[0] ?? ''
    return take(quotedString)?.[1]?.replace(/\\(.)/gs, '$1')
  }

  while (position < header.length) {
    take(separators)
    const word = take(token)?.[0]
    if (word !== undefined && take(equals) === undefined) {
      challenges.push({ scheme: word, parameters: new Map() })
      take(token68)
      continue
    }
    const value = word === undefined && header[position] !== '"' ? header[position++] : takeValue()
    if (value === undefined) break
    const parameters = challenges.at(-1)?.parameters
    const name = word?.toLowerCase()
    if (name !== undefined && parameters?.has(name) === false) parameters.set(name, value)
  }
  return challenges.map(({ scheme, parameters }) => ({ scheme, parameters: Object.fromEntries(parameters) }))
}
