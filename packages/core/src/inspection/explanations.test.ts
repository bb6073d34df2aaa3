import { expect, test } from 'vitest'
import type { EndReason, TransientCode } from '../errors/codes.ts'
import { adviseOnEnd } from '../session/session-notices.ts'
import { answers, failureAdvice } from './explanations.ts'

test('V4 the docs have each reason and code with its explanation: `pnpm test explanations -u` writes them', async () => {
  const codes = Object.keys(failureAdvice) as TransientCode[]
  const reasons = Object.keys(answers).filter((name) => !Object.hasOwn(failureAdvice, name)) as EndReason[]
  const page = `# Reasons and codes

Why a session ended, or why a refresh failed, and what to do. \`explainRecording\` says this of a session that you recorded.

## Reasons for an end

Notice \`ended\`, \`SessionEndedError\`, \`snapshot.reason\`.

${tableOf(reasons, (reason) => adviseOnEnd(reason, {}))}

## Codes of a failure that passes

Notice \`refreshFailed\`, \`RefreshUnavailableError\`, \`snapshot.code\`. The session goes on.

${tableOf(codes, (code) => failureAdvice[code])}
`
  await expect(page).toMatchFileSnapshot('../../../../docs/reasons-and-codes.md')
})

function tableOf<Name extends keyof typeof answers>(names: readonly Name[], advise: (name: Name) => string): string {
  const rows = names.map((name) => `| \`${name}\` | ${answers[name]} | ${advise(name)} |`)
  return ['| | what happened | what to do |', '|---|---|---|', ...rows].join('\n')
}
