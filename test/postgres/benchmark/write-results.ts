import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** Prints results, and writes them into their place in docs/performance.md. */
export function writeResults(place: string, results: string): void {
  console.log(results)
  const document = fileURLToPath(new URL('../../../docs/performance.md', import.meta.url))
  const marked = new RegExp(`(<!-- ${place} -->\\n)[\\s\\S]*?(<!-- end of ${place} -->)`)
  const text = readFileSync(document, 'utf8')
  if (!marked.test(text)) throw new Error(`docs/performance.md has no place for the results of ${place}.`)
  writeFileSync(
    document,
    text.replace(marked, (_, start: string, end: string) => `${start}\n${results}\n\n${end}`),
  )
}
