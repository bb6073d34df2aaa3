const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']

const time = '(?<hour>\\d{2}):(?<minute>\\d{2}):(?<second>\\d{2})'

/** The three formats that a recipient must accept: the current one, RFC 850's and that of C's `asctime`. */
const formats = [
  new RegExp(`^[A-Z][a-z]{2}, (?<day>\\d{2}) (?<month>[A-Z][a-z]{2}) (?<year>\\d{4}) ${time} GMT$`),
  new RegExp(`^[A-Z][a-z]{5,8}, (?<day>\\d{2})-(?<month>[A-Z][a-z]{2})-(?<year>\\d{2}) ${time} GMT$`),
  new RegExp(`^[A-Z][a-z]{2} (?<month>[A-Z][a-z]{2}) (?<day>[ \\d]\\d) ${time} (?<year>\\d{4})$`),
]

/**
 * An HTTP date in milliseconds since the epoch; `undefined` when the text is none. Stricter than `Date.parse`, which
 * takes `1.5` for a day in 2001 and `asctime` dates for local time.
 *
 * @param now milliseconds since the epoch; decides the century of a two-digit year
 * @see RFC 9110, section 5.6.7
 */
export function parseHttpDate(text: string, now: number): number | undefined {
  for (const format of formats) {
    const parts = format.exec(text)?.groups
    if (parts === undefined) continue
    const month = months.indexOf(parts.month ?? '')
    if (month === -1) return undefined
    return Date.UTC(
      readYear(parts.year ?? '', now),
      month,
      Number(parts.day),
      Number(parts.hour),
      Number(parts.minute),
      Number(parts.second),
    )
  }
  return undefined
}

/** "A timestamp that appears to be more than 50 years in the future" is in the past (RFC 9110, section 5.6.7). */
function readYear(digits: string, now: number): number {
  if (digits.length === 4) return Number(digits)
  const currentYear = new Date(now).getUTCFullYear()
  const year = currentYear - (currentYear % 100) + Number(digits)
  if (year > currentYear + 50) return year - 100
  return year <= currentYear - 50 ? year + 100 : year
}
