/**
 * A text as PostgreSQL can keep it: NUL and lone surrogates are escaped, and with them the backslash.
 *
 * Order and prefixes stay as they are, but for those characters.
 */
export function escapeText(text: string): string {
  return text.replaceAll(notKept, (character) => {
    if (character === '\\') return '\\\\'
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  })
}

/** The text that was escaped. */
export function unescapeText(text: string): string {
  return text.replaceAll(/\\(\\|u[0-9a-f]{4})/g, (_whole, escaped: string) =>
    escaped === '\\' ? escaped : String.fromCharCode(Number.parseInt(escaped.slice(1), 16)),
  )
}

const notKept = /\\|\0|[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g
