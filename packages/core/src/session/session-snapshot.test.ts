import { describe, expect, it } from 'vitest'
import {
  chartPlaces,
  createTokenFacts,
  judgedAt,
  startChart,
  startChartAt,
} from '../../../../test/support/drive-chart.ts'
import { describeSession } from './session-snapshot.ts'

describe('a snapshot', () => {
  it('is frozen, in every state', () => {
    for (const place of chartPlaces) {
      const snapshot = describeSession(startChartAt(place).actor.getSnapshot(), undefined)
      expect.soft(Object.isFrozen(snapshot), place).toBe(true)
    }
  })

  it('is the same object until something in it changes', () => {
    const chart = startChartAt('fresh / idle')
    const first = describeSession(chart.actor.getSnapshot(), undefined)
    chart.send({ type: 'request.accepted', generation: 5, origin: 'https://api.example', status: 200 })
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
    chart.send({ type: 'network.offline' })
    const second = describeSession(chart.actor.getSnapshot(), first)
    expect(second).not.toBe(first)
    expect(second).toEqual({ ...first, online: false })
  })

  it('is the same object while the token is judged, and when that changes nothing', () => {
    const chart = startChartAt('fresh / idle')
    const first = describeSession(chart.actor.getSnapshot(), undefined)
    chart.send({ type: 'clock.resumed', now: judgedAt.fresh })
    expect(chart.state).toBe('judging / idle')
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
    chart.send({ type: 'clock.read', now: judgedAt.fresh })
    expect(describeSession(chart.actor.getSnapshot(), first)).toBe(first)
  })

  it('says restoring when the token is judged for the first time', () => {
    expect(describeSession(startChartAt('judging / idle').actor.getSnapshot(), undefined).status).toBe('restoring')
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
    const chart = startChartAt(place).actor.getSnapshot()
    const snapshot = describeSession(chart, undefined)
    expect(snapshot.status).toBe(status)
    expect(snapshot.usable).toBe(chart.hasTag('usable'))
  })

  it('tells what is held, why it fails, when the next try is due, and why it is over', () => {
    expect(describeSession(startChart().actor.getSnapshot(), undefined)).toEqual({
      status: 'restoring',
      usable: false,
      generation: 0,
      online: true,
    })
    const held = {
      usable: true,
      generation: 5,
      online: true,
      refreshDueAt: judgedAt.expiring,
      expiresAt: judgedAt.expired,
    }
    const failing = describeSession(startChartAt('fresh / transientFailure.backingOff').actor.getSnapshot(), undefined)
    expect(failing).toEqual({ ...held, status: 'transientFailure', code: 'network', retryAt: judgedAt.fresh + 60_000 })
    const over = describeSession(startChartAt('fresh / invalidated').actor.getSnapshot(), undefined)
    expect(over).toEqual({ ...held, status: 'invalidated', reason: 'grantRejected', endedAt: judgedAt.fresh })
  })

  it('says nothing of why the store could not be read while it is read again', () => {
    const chart = startChartAt('restoring.unavailable')
    expect(describeSession(chart.actor.getSnapshot(), undefined).code).toBe('storeLocked')
    chart.send({ type: 'refresh.requested', now: 0 })
    expect(describeSession(chart.actor.getSnapshot(), undefined)).not.toHaveProperty('code')
  })

  it('differs when a failure gives way to an end of as many facts', () => {
    const chart = startChartAt('fresh / transientFailure.backingOff')
    const failing = describeSession(chart.actor.getSnapshot(), undefined)
    chart.send({ type: 'record.ended', end: { reason: 'grantRejected', endedAt: 7 }, token: createTokenFacts() })
    chart.send({ type: 'clock.read', now: judgedAt.fresh })
    expect(describeSession(chart.actor.getSnapshot(), failing)).toMatchObject({ status: 'invalidated', endedAt: 7 })
  })
})
