import { expect, test } from 'vitest'
import type { TokenEndpointFailureFacts } from '../token/failure-facts.ts'
import type { TokenEndpointFailure } from '../token/grant.ts'
import { describeFailure } from './describe-failure.ts'

test.each<{ failure: TokenEndpointFailure; facts: TokenEndpointFailureFacts }>([
  {
    failure: {
      ...{ kind: 'answer', status: 403, retryAfter: '5', contentType: 'application/json', complete: true },
      headers: { 'x-rate-limit-reset': '1' },
      body: { code: 'LIMIT', error: { reason: 'x' }, refresh_token: '[redacted]' },
    },
    facts: {
      ...{ kind: 'answer', status: 403, retryAfter: '5', contentType: 'application/json' },
      headers: { 'x-rate-limit-reset': '1' },
      body: { code: 'LIMIT', error: { reason: 'x' }, refresh_token: '[redacted]' },
    },
  },
  { failure: { kind: 'answer', status: 502, complete: false }, facts: { kind: 'answer', status: 502 } },
  {
    failure: { kind: 'transport', sent: 'unknown', code: 'ECONNRESET' },
    facts: { kind: 'transport', code: 'ECONNRESET' },
  },
  { failure: { kind: 'transport', sent: 'no' }, facts: { kind: 'transport' } },
  { failure: { kind: 'offline' }, facts: { kind: 'offline' } },
  { failure: { kind: 'rejected', serverCode: 'gone' }, facts: { kind: 'rejected', code: 'gone' } },
  { failure: { kind: 'rejected' }, facts: { kind: 'rejected' } },
  { failure: { kind: 'unavailable', code: 'server', retryAt: 1 }, facts: { kind: 'unavailable', code: 'server' } },
])('tells $facts', ({ failure, facts }) => {
  expect(describeFailure(failure)).toEqual(facts)
})
