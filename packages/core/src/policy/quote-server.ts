import { redactText } from '../token/redact.ts'
import { readMember } from './token-endpoint-words.ts'

const longestQuote = 100

/** Where servers put a sentence about an error. */
const sentenceMembers = ['error_description', 'message', 'msg', 'error_message', 'errorSummary', 'detail', 'reason']

/**
 * What a server says about its refusal, to be shown to people: its `error` and a sentence, without secrets and control
 * characters, at most 100 characters. `undefined` when it says nothing.
 */
export function quoteServer(body: Readonly<Record<string, unknown>>): string | undefined {
  const error = readMember(body, 'error')
  const list = readMember(body, 'errors')
  const parts = [body, error, Array.isArray(list) ? list[0] : undefined]
  const sentences = parts.flatMap((part) => sentenceMembers.map((name) => readMember(part, name)))
  const texts = [error, ...sentences].filter((text) => typeof text === 'string' && text.trim() !== '')
  // What separates words must be plain before it is judged which words may be shown.
  const quote = redactText(
    [...new Set(texts)]
      .slice(0, 2)
      .join(': ')
      .replace(/[\p{C}\p{Z}]+/gu, ' ')
      .trim(),
  )
  return Array.from(quote).slice(0, longestQuote).join('').trim() || undefined
}
