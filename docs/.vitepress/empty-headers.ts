import type { MarkdownRenderer } from 'vitepress'

/** Markdown's tables always have headers. One without text is not a header to a screen reader. */
export function dropEmptyHeaders(markdown: MarkdownRenderer): void {
  markdown.core.ruler.push('drop-empty-headers', ({ tokens }) => {
    for (const [index, token] of tokens.entries()) {
      const [text, end] = tokens.slice(index + 1)
      if (token.type === 'th_open' && text?.content === '' && end !== undefined) token.tag = end.tag = 'td'
    }
  })
}
