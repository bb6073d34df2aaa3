import { styleText } from 'node:util'

type Format = Exclude<Parameters<typeof styleText>[0], readonly unknown[]>

/** A piece of text in one style. Each character is one column wide. */
export interface Span {
  readonly text: string
  readonly style: readonly Format[]
}

/** A line of output, not yet painted. */
export type Line = readonly Span[]

/** Text in no style. */
export function plain(text: string): Span {
  return { text, style: [] }
}

/** What styles mean here; each is readable on a dark and on a light background. */
export const style = {
  good: ['green'],
  caution: ['yellow'],
  bad: ['red'],
  accent: ['cyan'],
  strong: ['bold'],
  quiet: ['dim'],
  heading: ['bold', 'cyan'],
} satisfies Record<string, Format[]>

/** The name of a style. */
export type StyleName = keyof typeof style

/** Text in a style. */
export function styled(name: StyleName, text: string): Span {
  return { text, style: style[name] }
}

/** The line with its colours, if the stream shows any, cut to a number of columns. */
export function paint(line: Line, { stream, columns }: { stream: NodeJS.WriteStream; columns?: number }): string {
  let remaining = columns ?? Number.POSITIVE_INFINITY
  let painted = ''
  for (const { text, style } of line) {
    const characters = [...text]
    const shown = characters.length > remaining ? characters.slice(0, remaining).join('') : text
    remaining -= Math.min(characters.length, remaining)
    painted += style.length === 0 || shown === '' ? shown : styleText([...style], shown, { stream })
  }
  return painted
}
