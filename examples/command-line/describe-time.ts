/** A duration in its largest unit, such as `59 min`. */
export function describeDuration(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000)
  if (seconds < 90) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 90) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} days`
}

/** Until when something lives, such as `Nov 28, 2026, 9:05 PM (59 min)`. Times are milliseconds since the epoch. */
export function describeUntil(time: number, now: number): string {
  const written = new Date(time).toLocaleString(undefined, { dateStyle: 'medium', timeStyle: 'short' })
  return `${written} (${describeDuration(Math.max(time - now, 0))})`
}
