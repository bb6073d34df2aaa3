import { isSecretName, redacted } from './secret-names.ts'

/** How often a percent-encoded value is looked into: a URL in a URL in a form. */
const deepestEncoding = 3

/** `name=` and `name: `, the name perhaps in quotes, and they perhaps escaped; `a[name]=` too. */
const nameAndSeparator = /(?<![\w.%-])([\w.%-]+)[\\"'\]]*\s*[:=]\s*/g
/** A quoted value; one whose quote is missing, because the text was cut, goes on to the end. */
const quotedValue = /\\+"(?:(?!\\+").)*(?:\\+")?|"(?:[^"\\]|\\.)*"?|'(?:[^'\\]|\\.)*'?/sy
/** Stops as late as it can: a password may hold any sign, and a word too many is no loss. */
const bareValue = /[^\s&]+/y
/** The values of headers have spaces in them, so what has a header's name goes on to the end of the line. */
const line = /[^\r\n]+/y

/** What may be percent-encoded as one: the value of a parameter, a path. */
const encodedPart = /[^\s&=?#"']+/g
/** A scheme and its token, but neither a challenge (`Bearer error="…"`) nor prose (`the Bearer token`). */
const schemeAndToken =
  /\b(Bearer|DPoP|Basic)([^\S\r\n]+)(?!(?:tokens?|schemes?|challenges?|auth\w*)\b|[\w-]+\s*=\s*["\w])[\w\-.~+/]+=*/gi
/** A JWT or the beginning of one, wherever it stands. */
const jwt = /\beyJ[\w-]{4,}(?:\.[\w-]*)*/g
const userInformation = /(\/\/)[^/\s?#"']*@/g

/**
 * A text that holds no JSON, without what stands behind a telling name or scheme, without JWTs and the user information
 * of URLs.
 */
export function redactPlainText(text: string, depth = 0): string {
  return redactNamedValues(text.replace(userInformation, `$1${redacted}@`))
    .replace(schemeAndToken, `$1$2${redacted}`)
    .replace(jwt, redacted)
    .replace(encodedPart, (part) => redactEncoded(part, depth))
}

/** The value of an `Authorization` header: its scheme, if it has one, and nothing of the rest. */
export function redactCredentials(value: string): string {
  const scheme = /^\s*([A-Za-z][A-Za-z-]{0,19})\s+\S/.exec(value)?.[1]
  return scheme === undefined ? redacted : `${scheme} ${redacted}`
}

function redactNamedValues(text: string): string {
  let result = ''
  let position = 0
  for (const match of text.matchAll(nameAndSeparator)) {
    const name = decodePercent(match[1] ?? '')
    // What stands inside of a value that has been replaced is gone already.
    if (match.index < position || !isSecretName(name)) continue
    const start = match.index + match[0].length
    const value = readValue(text, { start, isHeader: /(?:authorization|cookie)$/i.test(name) })
    result += `${text.slice(position, start)}${hideValue(name, value)}`
    position = start + value.length
  }
  return `${result}${text.slice(position)}`
}

function readValue(text: string, { start, isHeader }: { start: number; isHeader: boolean }): string {
  for (const pattern of [quotedValue, isHeader ? line : bareValue]) {
    pattern.lastIndex = start
    const value = pattern.exec(text)?.[0]
    if (value !== undefined) return value
  }
  return ''
}

function hideValue(name: string, value: string): string {
  if (value === '') return value
  return /authorization$/i.test(name) ? redactCredentials(value.replace(/^[\\"']+/, '')) : redacted
}

function redactEncoded(part: string, depth: number): string {
  if (!/%[\da-f]{2}/i.test(part)) return part
  if (depth >= deepestEncoding) return redacted
  const decoded = decodePercent(part)
  return redactPlainText(decoded, depth + 1) === decoded ? part : redacted
}

function decodePercent(text: string): string {
  return text.replace(/(?:%[\da-f]{2})+/gi, (encoded) => {
    try {
      return decodeURIComponent(encoded)
    } catch {
      return encoded
    }
  })
}
