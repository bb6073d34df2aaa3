/** What has a page that explains it. */
export interface Explained {
  /** The address of what the docs say about it: what it means, and what to do. Not enumerable, so that logs stay short. */
  readonly help: string
}

/** Where the docs explain a reason, a code or a notice. */
export function helpOn(name: string): string {
  return `https://authchart.github.io/authchart/reasons-and-codes#${name}`
}
