import { describe, expect, test } from 'vitest'
import { startEndpoint, tryToRefresh } from './play-answer.ts'
import { newTokens, type ProviderAnswer } from './provider-entry.ts'
import { providers } from './providers.ts'

interface Row {
  readonly id: string
  readonly answer: ProviderAnswer
  readonly entry: (typeof providers)[number]
}

const rows: Row[] = providers.flatMap((entry) =>
  entry.answers.map((answer) => ({ id: `${entry.name}: ${answer.name}`, answer, entry })),
)

/**
 * Faults that pass and that end a session all the same where the provider's preset is missing: they are said with a word
 * that the RFC makes final.
 */
const exceptions = ['Salesforce: another refresh is under way', 'Zoom: a fault of its own']

const endReasons = ['grantRejected', 'requestRejected', 'clientRejected']

describe('P89 with its preset', () => {
  test.each(rows)('$id: $answer.means', async ({ answer, entry }) => {
    await using endpoint = await startEndpoint(answer)
    await using trial = await tryToRefresh(entry, { endpoint, withPreset: true })
    const { causes, session, clock } = trial
    expect(causes).not.toContain('blocked')
    switch (answer.means) {
      case 'issued':
        expect(causes[0]).toBeUndefined()
        expect((await session.getAccessToken()).value).toBe(newTokens.access_token)
        break
      case 'dead':
        // The fifth try is before two minutes are over.
        expect(['grantRejected', 'requestRejected']).toContain(causes[4])
        break
      case 'client':
        expect(causes[0]).toBe('clientRejected')
        break
      case 'passing':
      case 'throttled':
        expect(endReasons).not.toContain(causes.at(-1))
        endpoint.answer = { ...answer, status: 200, headers: {}, body: { ...newTokens, token_type: 'Bearer' } }
        // Longer than any pause that a server is granted.
        await clock.advance(3_600_000)
        await session.refresh()
        expect((await session.getAccessToken()).value).toBe(newTokens.access_token)
    }
  })
})

describe('P89 without a preset', () => {
  const passing = rows.filter(({ answer }) => answer.means === 'passing' || answer.means === 'throttled')

  test.each(passing.filter(({ id }) => !exceptions.includes(id)))('$id: does not end the session', async (row) => {
    await using endpoint = await startEndpoint(row.answer)
    await using trial = await tryToRefresh(row.entry, { endpoint, withPreset: false })
    expect(trial.statuses[0]).toBe('transientFailure')
  })

  test.each(passing.filter(({ id }) => exceptions.includes(id)))('$id: ends it, as the RFC says', async (row) => {
    await using endpoint = await startEndpoint(row.answer)
    await using trial = await tryToRefresh(row.entry, { endpoint, withPreset: false })
    expect(trial.statuses[0]).toBe('invalidated')
  })

  test.each(rows.filter(({ answer }) => answer.means !== 'issued'))('$id: is not called a firewall', async (row) => {
    await using endpoint = await startEndpoint(row.answer)
    await using trial = await tryToRefresh(row.entry, { endpoint, withPreset: false })
    expect(trial.causes).not.toContain('blocked')
  })

  test('at most three of the corpus end a live session though they pass', () => {
    expect(exceptions.every((id) => passing.some((row) => row.id === id))).toBe(true)
    expect(exceptions.length).toBeLessThanOrEqual(3)
  })
})

describe('the corpus', () => {
  test('has at least 60 answers of at least 27 providers, each once, and each with its source', () => {
    expect(rows.length).toBeGreaterThanOrEqual(60)
    expect(providers.length).toBeGreaterThanOrEqual(27)
    expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
    for (const { answer } of rows) expect(answer.source).toMatch(/^https:\/\/[\w.-]+\/\S+$/)
  })

  test('says of each provider what was checked against which source, and what was not', () => {
    for (const { checked, unchecked } of providers) {
      expect(unchecked).toMatch(/^[^.].*[^.]$/)
      for (const { what, source } of checked) {
        expect(what).not.toBe('')
        expect(source).toMatch(/^https:\/\/[\w.-]+\/\S+$/)
      }
    }
  })

  test('has a success and a dead refresh token of each provider', () => {
    for (const { name, answers } of providers) {
      const meanings = answers.map(({ means }) => means)
      expect({ name, meanings }).toMatchObject({ meanings: expect.arrayContaining(['issued', 'dead']) })
    }
  })
})
