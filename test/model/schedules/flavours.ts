import type { ServerKind } from '../state.ts'
import type { Flavour } from './script-arbitrary.ts'

/** Beliefs that turn out to be wrong, and waiting: with people elsewhere. */
export const field = {
  'an origin that rejects every token': {
    actions: ['use', 'reject', 'reject', 'reject', 'refresh', 'crash', 'fireTimer'],
    storeFaults: 0,
    networkFaults: 1,
  },
  'a store that goes back in time': {
    actions: ['use', 'refresh', 'refresh', 'restore', 'restore', 'crash', 'sleep', 'fireTimer'],
    storeFaults: 0,
    networkFaults: 1,
  },
  'callers who wait through an outage': {
    actions: ['use', 'use', 'use', 'reject', 'sleep', 'fireTimer'],
    storeFaults: 0,
    networkFaults: 0,
    outage: 5,
  },
  'leases that run out, and holders that stand still': {
    actions: ['use', 'refresh', 'refresh', 'suspend', 'suspend', 'minute', 'minute', 'resume', 'clockJump'],
    storeFaults: 0,
    networkFaults: 1,
    leasesRunOut: true,
    beginnings: [
      ['refresh', 'refresh', 'suspend', 'minute', 'resume'],
      ['refresh', 'refresh', 'clockJump', 'minute'],
    ],
  },
} as const satisfies Record<string, Flavour>

export const servers: readonly ServerKind[] = ['strict', 'graceSamePair', 'graceNewPair', 'noRotation']

/** What may go wrong with two or three holders beyond the order of things. */
export const trouble = {
  'crashes and pauses': {
    actions: ['use', 'refresh', 'reject', 'crash', 'sleep', 'fireTimer'],
    storeFaults: 0,
    networkFaults: 0,
  },
  'a network in trouble': {
    actions: ['use', 'refresh', 'reject', 'sleep', 'fireTimer'],
    storeFaults: 0,
    networkFaults: 2,
  },
  'a store in trouble': {
    actions: ['use', 'refresh', 'reject', 'sleep'],
    storeFaults: 2,
    networkFaults: 0,
  },
  'crashes, and network and store in trouble': {
    actions: ['use', 'refresh', 'reject', 'crash', 'sleep', 'fireTimer'],
    storeFaults: 2,
    networkFaults: 2,
  },
} as const satisfies Record<string, Flavour>

/** The same with people who sign in and out. */
export const people = {
  'sign-ins and sign-outs': {
    actions: ['use', 'refresh', 'signIn', 'signOut'],
    storeFaults: 0,
    networkFaults: 0,
  },
  'sign-ins, sign-outs and crashes': {
    actions: ['use', 'refresh', 'signIn', 'signOut', 'crash'],
    storeFaults: 0,
    networkFaults: 1,
  },
  'sign-ins, sign-outs and a store in trouble': {
    actions: ['use', 'refresh', 'signIn', 'signOut'],
    storeFaults: 2,
    networkFaults: 0,
  },
  'everything at once': {
    actions: ['use', 'refresh', 'reject', 'signIn', 'signOut', 'crash', 'sleep', 'fireTimer'],
    storeFaults: 2,
    networkFaults: 2,
  },
} as const satisfies Record<string, Flavour>
