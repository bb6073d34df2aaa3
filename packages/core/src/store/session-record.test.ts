import { describe, expect, it } from 'vitest'
import fc from '../../../../test/support/properties.ts'
import { createRecord, createTokenSet } from '../../../../test/support/session-records.ts'
import { parseSessionRecord, recordFormatVersion, summarizeRecord } from './session-record.ts'

const intent = { generation: 5, reservedGeneration: 6, startedAt: 1, holder: 'holder', outcomeUnknown: false }
const failure = { code: 'server', count: 1, since: 1, refusalsWithoutReason: 0 } as const
const end = { reason: 'grantRejected', endedAt: 1 } as const
const full = createRecord({
  refreshIntent: intent,
  failure,
  end,
  expiresAt: 1,
  backoffUntil: 2,
  serverCooldownUntil: 3,
  refusals: { count: 2, since: 1, bare: true },
  rejections: { 'https://api.example': { generation: 5, count: 1, pausedUntil: 9 }, '*': { generation: 4, count: 0 } },
  secrets: { tokenSet: createTokenSet({ idToken: 'id', scope: 'openid' }), proofKey: { kty: 'EC', d: 'key' } },
})

describe('a stored value', () => {
  it('is a record with everything on it, and with only what must be', () => {
    const { secrets, ...tombstone } = createRecord({ status: 'signedOut' })
    for (const value of [full, createRecord(), tombstone]) {
      expect(parseSessionRecord(value)).toEqual({ kind: 'record', record: value })
    }
  })

  it('keeps fields that this version does not know', () => {
    expect(parseSessionRecord(createRecord({ future: 1 }))).toMatchObject({ record: { future: 1 } })
  })

  it.each([undefined, null, 1, 'text', true, [], [createRecord()]])('%j is no record', (value) => {
    expect(parseSessionRecord(value)).toEqual({ kind: 'malformed', problem: 'it is not an object' })
  })

  it.each([undefined, 'one', Number.NaN, Number.POSITIVE_INFINITY, -1])(
    'with formatVersion %j is no record',
    (formatVersion) => {
      expect(parseSessionRecord({ ...full, formatVersion })).toMatchObject({
        kind: 'malformed',
        problem: expect.stringContaining('formatVersion'),
      })
    },
  )

  it('of a newer format is told apart, whatever else it holds', () => {
    const formatVersion = recordFormatVersion + 1
    expect(parseSessionRecord({ formatVersion })).toEqual({ kind: 'newerFormat', formatVersion })
    expect(parseSessionRecord({ ...full, formatVersion })).toEqual({ kind: 'newerFormat', formatVersion })
  })

  it.each([
    ['generation', undefined],
    ['generation', '5'],
    ['generation', -1],
    ['generation', 2 ** 53],
    ['generation', 2 ** 52],
    ['highestReservedGeneration', 2 ** 52],
    ['highestReservedGeneration', Number.MAX_SAFE_INTEGER],
    ['secrets', { tokenSet: createTokenSet({ accessToken: 'a\nb' }) }],
    ['secrets', { tokenSet: createTokenSet({ accessToken: 'snow ☃' }) }],
    ['secrets', { tokenSet: createTokenSet({ tokenType: 'two words' }) }],
    ['highestReservedGeneration', undefined],
    ['highestReservedGeneration', 4],
    ['revision', ''],
    ['revision', 7],
    ['signInId', undefined],
    ['status', 'asleep'],
    ['status', undefined],
    ['identity', undefined],
    ['identity', { subject: 7 }],
    ['rejectionStreak', null],
    ['expiresAt', '2026-01-01'],
    ['backoffUntil', null],
    ['serverCooldownUntil', Number.NaN],
    ['refreshIntent', {}],
    ['refreshIntent', { ...intent, holder: undefined }],
    ['refreshIntent', { ...intent, outcomeUnknown: 'no' }],
    ['refreshIntent', { ...intent, reservedGeneration: '6' }],
    ['failure', []],
    ['failure', { ...failure, code: 5 }],
    ['failure', { ...failure, since: undefined }],
    ['refusals', {}],
    ['refusals', { count: 1, since: 1, bare: 'yes' }],
    ['refusals', { count: -1, since: 1, bare: true }],
    ['rejections', []],
    ['rejections', { 'https://api.example': {} }],
    ['rejections', { 'https://api.example': { generation: 5, count: 1, pausedUntil: 'later' } }],
    ['rejections', { 'https://api.example': { generation: 5, count: Number.NaN } }],
    ['end', { reason: 'grantRejected' }],
    ['end', { ...end, serverCode: {} }],
    ['secrets', null],
    ['secrets', {}],
    ['secrets', { tokenSet: { ...createTokenSet(), accessToken: '' } }],
    ['secrets', { tokenSet: { ...createTokenSet(), tokenType: undefined } }],
    ['secrets', { tokenSet: { ...createTokenSet(), receivedAt: 'now' } }],
    ['secrets', { tokenSet: { ...createTokenSet(), expiresAt: null } }],
    ['secrets', { tokenSet: { ...createTokenSet(), refreshToken: 7 } }],
    ['secrets', { tokenSet: { ...createTokenSet(), idToken: {} } }],
  ])('whose `%s` is %j is malformed, and says so', (field, value) => {
    expect(parseSessionRecord({ ...full, [field]: value })).toEqual({
      kind: 'malformed',
      problem: `\`${field}\` is missing or malformed`,
    })
  })

  it('that has ended says why', () => {
    const { end: _end, ...withoutEnd } = createRecord({ status: 'ended', end })
    expect(parseSessionRecord(withoutEnd)).toMatchObject({ problem: expect.stringContaining('`end`') })
  })

  it('is never a reason to throw, whatever it is, and no secret of it is in the problem', () => {
    fc.assert(
      fc.property(fc.oneof(fc.anything(), fc.jsonValue()), (value) => {
        expect(['record', 'malformed', 'newerFormat']).toContain(parseSessionRecord(value).kind)
      }),
    )
    const fields = fc.constantFrom(...Object.keys(full))
    fc.assert(
      fc.property(fields, fc.jsonValue(), (field, value) => {
        const parsed = parseSessionRecord({ ...full, [field]: value })
        if (parsed.kind === 'malformed') expect(parsed.problem).not.toContain('access-1')
      }),
    )
  })
})

it('a summary holds nothing but what may be listed', () => {
  expect(Object.keys(summarizeRecord('k', full)).sort()).toEqual([
    'end',
    'expiresAt',
    'generation',
    'identity',
    'key',
    'status',
  ])
})
