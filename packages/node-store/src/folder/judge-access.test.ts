import { expect, it } from 'vitest'
import { type AccessFacts, type AccessRules, judgeAccess, judgeAncestor } from './judge-access.ts'

/** As Node tells them of any file on Windows: no owner, and a mode that only says whether it may be written. */
const onWindows: AccessFacts = { mode: 0o100666, uid: 0, gid: 0, kind: 'file' }

function rulesOf(userId: number | undefined): AccessRules {
  return { userId, trustGroup: false, isPrivateGroup: () => false, isUnmappedUser: () => false }
}

it('owner and mode are not judged on Windows, where they mean nothing', () => {
  const rules = rulesOf(undefined)
  expect(judgeAccess('C:\\acme\\a', onWindows, { expected: 'file', rules })).toBeUndefined()
  expect(judgeAncestor('C:\\acme', { ...onWindows, kind: 'folder' }, rules)).toBeUndefined()
  expect(judgeAccess('/acme/a', onWindows, { expected: 'file', rules: rulesOf(0) })).toMatch(/its mode is 666/)
})

it('links, and what is not a file, are not used on Windows either', () => {
  const rules = rulesOf(undefined)
  const judge = (kind: AccessFacts['kind']) => judgeAccess('C:\\a', { ...onWindows, kind }, { expected: 'file', rules })
  expect(judge('link')).toMatch(/symbolic link/)
  expect(judge('folder')).toMatch(/not a file/)
})
