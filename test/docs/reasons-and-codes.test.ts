import type { EndReason, TransientCode } from '@authchart/core'
import { expect, test } from 'vitest'
import { answers, failureAdvice } from '../../packages/core/src/inspection/explanations.ts'
import { adviseOnEnd } from '../../packages/core/src/session/notices-between.ts'
import { notices, otherCodes, signInCodes, storeCodes } from './explained-codes.ts'

test('V4 the docs explain each reason, code and notice: `pnpm test reasons-and-codes -u` writes them', async () => {
  const codes = Object.keys(failureAdvice) as TransientCode[]
  const reasons = Object.keys(answers).filter((name) => !Object.hasOwn(failureAdvice, name)) as EndReason[]
  const page = `# Reasons and codes

Why a session ended, or why something failed, and what to do. \`explainRecording\` says this of a session that you recorded. Each
error and notice has the address of its line here as \`help\`.

## Reasons for an end

Notice \`ended\`, \`SessionEndedError\`, \`snapshot.reason\`.

${tableOf(reasons.map((reason) => [reason, answers[reason], adviseOnEnd(reason, {})]))}

## Codes of a failure that passes

Notice \`refreshFailed\`, \`RefreshUnavailableError\`, \`StoreError\`, \`snapshot.code\`. The session goes on.

${tableOf(codes.map((code) => [code, answers[code], failureAdvice[code]]))}

## Codes of a sign-in that failed

\`SignInError\`. The stored session, if there is one, is unchanged.

${tableOf(rowsOf(signInCodes))}

## Codes of other errors

\`StoreError\`, \`NotSignedInError\`, \`SessionDisposedError\`, \`ConfigurationError\`, \`RefreshRejectedError\`.

${tableOf(rowsOf({ ...storeCodes, ...otherCodes }))}

## Notices

\`session.on(type, listener)\`. \`ended\`, \`endNotStored\`, \`refreshFailed\` and \`recordUnreadable\` are explained above, by their reason or code.

${tableOf(rowsOf(notices))}
`
  await expect(page).toMatchFileSnapshot('../../docs/reasons-and-codes.md')
})

function rowsOf(explanations: Readonly<Record<string, readonly [string, string]>>): [string, string, string][] {
  return Object.entries(explanations).map(([name, [happened, advice]]) => [name, happened, advice])
}

/** Each name is an anchor. */
function tableOf(rows: readonly (readonly [string, string, string])[]): string {
  const lines = rows.map(([name, happened, advice]) => `| <a id="${name}"></a>\`${name}\` | ${happened} | ${advice} |`)
  return ['| name | what happened | what to do |', '|---|---|---|', ...lines].join('\n')
}
