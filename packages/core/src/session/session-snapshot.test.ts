import { describe, expect, it } from 'vitest'
import {
  chartPlaces,
  createTokenFacts,
  judgedAt,
  rejection,
  startChart,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import { describeSession } from './session-snapshot.ts'

describe('a snapshot', () => {
  it('is frozen, in every state', () => {
    for (const place of chartPlaces) {
      const snapshot = describeSession(startChartAt(place).actor.getSnapshot())
      expect.soft(Object.isFrozen(snapshot), place).toBe(true)
    }
  })

  it('is the same object until something in it changes', () => {
    const chart = startChartAt('fresh / idle')
    const first = describeSession(chart.actor.getSnapshot())
    chart.send({ ...rejection, outcome: 'accepted', status: 200 })
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
    chart.send({ type: 'network.offline' })
    const second = describeSession(chart.actor.getSnapshot(), first)
    expect(second).not.toBe(first)
    expect(second).toEqual({ ...first, online: false })
  })

  it('is the same object when the clock is read and nothing changes by that', () => {
    const chart = startChartAt('fresh / idle')
    const first = describeSession(chart.actor.getSnapshot())
    chart.clock.sleep(1)
    chart.send({ type: 'clock.resumed', now: judgedAt.fresh + 1 })
    expect(chart.context.judgedAt).toBe(judgedAt.fresh + 1)
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
  })

  it.each([
    ['restoring.reading', 'restoring'],
    ['restoring.unavailable', 'restoring'],
    ['signedOut', 'signedOut'],
    ['signingOut', 'signingOut'],
    ['fresh / idle', 'fresh'],
    ['expiring / idle', 'expiring'],
    ['expired / idle', 'expired'],
    ['rejected / idle', 'rejected'],
    ['fresh / refreshing.waitingForLease', 'refreshing'],
    ['expired / refreshing.storing', 'refreshing'],
    ['fresh / transientFailure.backingOff', 'transientFailure'],
    ['rejected / transientFailure.offline', 'transientFailure'],
    ['expiring / invalidated', 'invalidated'],
  ] as const)('of %s says %s', (place, status) => {
    expect(describeSession(startChartAt(place).actor.getSnapshot()).status).toBe(status)
  })

  it('says usable where the chart does, and where nothing is being done about a rejection', () => {
    for (const place of chartPlaces) {
      const chart = startChartAt(place).actor.getSnapshot()
      const isServedAfterAll = place.startsWith('rejected / transientFailure')
      expect.soft(describeSession(chart).usable, place).toBe(chart.hasTag('usable') || isServedAfterAll)
    }
  })

  it('does not say usable of a rejected token that has expired meanwhile', async () => {
    const chart = startChartAt('rejected / transientFailure.backingOff')
    expect(describeSession(chart.actor.getSnapshot()).usable).toBe(true)
    await chart.clock.advance(judgedAt.expired - judgedAt.rejected)
    expect(describeSession(chart.actor.getSnapshot()).usable).toBe(false)
  })

  it('says signed in where there is a token, and no end', () => {
    for (const place of chartPlaces) {
      const { signedIn } = describeSession(startChartAt(place).actor.getSnapshot())
      expect.soft(signedIn, place).toBe(place.includes('/') && !place.endsWith('invalidated'))
    }
  })

  it('lists the origins that pause, as the same list for as long as they are the same', () => {
    const now = judgedAt.fresh
    const rejections = {
      'https://b.example': { generation: 5, count: 1, pausedUntil: now + 10_000 },
      'https://a.example': { generation: 5, count: 1, pausedUntil: now + 20_000 },
      'https://c.example': { generation: 5, count: 0 },
    }
    const chart = startChart()
    chart.send({ type: 'record.signedIn', token: createTokenFacts({ rejections }) })
    const first = describeSession(chart.actor.getSnapshot())
    expect(first.rejectedBy).toEqual(['https://a.example', 'https://b.example'])
    chart.send({ type: 'record.signedIn', token: createTokenFacts({ rejections: { ...rejections } }) })
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
    chart.clock.sleep(10_000)
    chart.send({ type: 'clock.resumed', now: now + 10_000 })
    const second = describeSession(chart.actor.getSnapshot(), first)
    expect(second.rejectedBy).toEqual(['https://a.example'])
    chart.clock.sleep(10_000)
    chart.send({ type: 'clock.resumed', now: now + 20_000 })
    expect(describeSession(chart.actor.getSnapshot(), second).rejectedBy).toBeUndefined()
  })

  it('tells what is held, why it fails, when the next try is due, and why it is over', () => {
    expect(describeSession(startChart().actor.getSnapshot())).toEqual({
      status: 'restoring',
      signedIn: false,
      usable: false,
      generation: 0,
      online: true,
    })
    const held = {
      signedIn: true,
      usable: true,
      generation: 5,
      online: true,
      refreshDueAt: judgedAt.expiring,
      expiresAt: judgedAt.expired,
    }
    const failing = describeSession(startChartAt('fresh / transientFailure.backingOff').actor.getSnapshot())
    expect(failing).toEqual({ ...held, status: 'transientFailure', code: 'network', retryAt: judgedAt.fresh + 60_000 })
    const over = describeSession(startChartAt('fresh / invalidated').actor.getSnapshot())
    expect(over).toEqual({
      ...held,
      signedIn: false,
      status: 'invalidated',
      reason: 'grantRejected',
      endedAt: judgedAt.fresh,
    })
  })

  it('says nothing of why the store could not be read while it is read again', () => {
    const chart = startChartAt('restoring.unavailable')
    expect(describeSession(chart.actor.getSnapshot()).code).toBe('storeLocked')
    chart.send({ type: 'refresh.requested', now: 0 })
    expect(describeSession(chart.actor.getSnapshot()).code).toBeUndefined()
  })

  it('differs when a failure gives way to an end of as many facts', () => {
    const chart = startChartAt('fresh / transientFailure.backingOff')
    const failing = describeSession(chart.actor.getSnapshot())
    chart.send({ type: 'record.ended', end: { reason: 'grantRejected', endedAt: 7 }, token: createTokenFacts() })
    expect(describeSession(chart.actor.getSnapshot(), failing)).toMatchObject({ status: 'invalidated', endedAt: 7 })
  })
})
