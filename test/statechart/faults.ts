import { and, not, stateIn } from 'xstate'
import { type StateConfig, stateAt, transitionsAt } from './changed-chart.ts'
import type { CheckName } from './every-check.ts'
import type { Exploration } from './explore-chart.ts'

/** A fault that the chart could have, and the check that must find it. */
export interface ChartFault {
  readonly name: string
  readonly foundBy: CheckName
  /** Where it shows, if not in a small world. */
  readonly world?: Partial<Exploration>
  change(root: StateConfig): void
}

/** One fault, at least, for each check. */
export const chartFaults: readonly ChartFault[] = [
  {
    name: 'refreshing whenever the token is not fresh, and so while it is being judged',
    foundBy: 'no refresh leads to the next without a wait',
    change(root) {
      const isFresh = stateIn({ signedIn: { token: 'fresh' } })
      stateAt(root, 'signedIn.refresh.idle').always = {
        target: 'refreshing',
        guard: and(['refreshesEagerly', not(isFresh)]),
      }
    },
  },
  {
    name: 'trying again at once after a failure',
    foundBy: 'no refresh leads to the next without a wait',
    change(root) {
      stateAt(root, 'signedIn.refresh.transientFailure.backingOff').always = {
        target: '#refreshing',
        guard: 'refreshesEagerly',
      }
    },
  },
  {
    name: 'trusting tokens that are useless on arrival',
    foundBy: 'no refresh leads to the next without a wait',
    world: { tokenKinds: ['uselessOnArrival'] },
    change(root) {
      const refreshing = stateAt(root, 'signedIn.refresh.refreshing')
      refreshing.on = { ...refreshing.on, 'tokens.stored': transitionsAt(refreshing, 'tokens.stored').slice(1) }
    },
  },
  {
    name: 'counting every rejection',
    foundBy: 'a stale rejection changes nothing',
    change: (root) => dropGuard(stateAt(root, 'signedIn.token'), 'request.ended'),
  },
  {
    name: 'refreshing eagerly whether or not the page can be seen',
    foundBy: 'a hidden page refreshes only what is asked for',
    world: { pageIsHidden: true },
    change(root) {
      stateAt(root, 'signedIn.refresh.idle').always = {
        target: 'refreshing',
        guard: stateIn({ signedIn: { token: 'expired' } }),
      }
    },
  },
  {
    name: 'not hearing that the page is shown',
    foundBy: 'a page that is shown refreshes what is due',
    world: { pageIsHidden: true },
    change: (root) => void delete root.on?.['page.shown'],
  },
  {
    name: 'hearing no rejection that came after a refresh',
    foundBy: 'the rejection of the token that is held is never missed',
    change(root) {
      const [rejected] = transitionsAt(stateAt(root, 'signedIn.token'), 'request.ended')
      if (rejected !== undefined) rejected.guard = and(['rejectsToken', isFirstRejection as never])
    },
  },
  {
    name: 'refreshing in two places',
    foundBy: 'at most one refresh is listened to, and only while refreshing',
    change(root) {
      stateAt(root, 'signedIn.token.rejected').invoke = {
        id: 'secondRefresher',
        src: 'refreshUnderLease',
        input: { generation: 0, cause: 'rejected' },
      }
    },
  },
  {
    name: 'listening to a refresh that the chart has left',
    foundBy: 'at most one refresh is listened to, and only while refreshing',
    change(root) {
      const refreshing = stateAt(root, 'signedIn.refresh.refreshing')
      stateAt(root, 'signedIn.refresh').invoke = refreshing.invoke
      delete refreshing.invoke
    },
  },
  {
    name: 'beginning anew whenever the app asks for a refresh',
    foundBy: 'no refresh is replaced by another while its token request could be open',
    change(root) {
      const refreshing = stateAt(root, 'signedIn.refresh.refreshing')
      refreshing.on = { ...refreshing.on, 'refresh.requested': { target: '#refreshing', reenter: true } }
    },
  },
  {
    name: 'judging by the clock alone',
    foundBy: 'a token is called usable only while it is held, unexpired and not rejected',
    change(root) {
      const judging = stateAt(root, 'signedIn.token.judging')
      judging.always = (judging.always as { target: string }[]).filter(({ target }) => target !== 'rejected')
    },
  },
  {
    name: 'calling an expired token usable',
    foundBy: 'a token is called usable only while it is held, unexpired and not rejected',
    change(root) {
      stateAt(root, 'signedIn.token.expired').tags = 'usable'
    },
  },
  {
    name: 'giving up after a failure',
    foundBy: 'the token can become fresh again, by a refresh unless the session is over',
    change(root) {
      const failed = stateAt(root, 'signedIn.refresh.transientFailure')
      failed.on = {}
      for (const state of Object.values(failed.states ?? {})) {
        delete state.after
        delete state.on
      }
    },
  },
  {
    name: 'keeping an old end over a new sign-in',
    foundBy: 'a sign-in makes it fresh at once',
    change: (root) => void delete root.on?.['signIn.stored'],
  },
  {
    name: 'refreshing what is over because a caller wants a token',
    foundBy: 'what is over comes back by a sign-in, newer tokens or a refresh that mends, and by nothing else',
    change(root) {
      const invalidated = stateAt(root, 'signedIn.refresh.invalidated')
      invalidated.on = { ...invalidated.on, 'token.requested': { target: 'refreshing' } }
    },
  },
  {
    name: 'following a record of the session that was signed out',
    foundBy: 'what is over comes back by a sign-in, newer tokens or a refresh that mends, and by nothing else',
    change: (root) => dropGuard(stateAt(root, 'signedOut'), 'record.signedIn'),
  },
  {
    name: 'no sign-out before the store has been read',
    foundBy: 'sign-out is possible',
    change: (root) => void delete stateAt(root, 'restoring').on?.['signOut.requested'],
  },
  {
    name: 'no answer to a refusal of tokens that are not held any more',
    foundBy: 'no state is a dead end, and every last answer is heard',
    world: { tokenKinds: ['lasting'], leaveOut: () => false },
    change: (root) => void delete stateAt(root, 'signedIn.refresh.refreshing').on?.['session.ended'],
  },
  {
    name: 'no way on where the store does not hear of a sign-out',
    foundBy: 'sign-out is possible',
    change: (root) => void delete stateAt(root, 'signingOut').on?.['signOut.failed'],
  },
  {
    name: 'forgetting a sign-out that the store could not be told, where the grant signs in by itself',
    foundBy: 'sign-out is possible',
    world: { signsIn: true },
    change(root) {
      for (const transition of transitionsAt(stateAt(root, 'signingOut'), 'signOut.failed')) transition.actions = []
    },
  },
  {
    name: 'going on after an end though the refresh token is spent',
    foundBy: 'what is over comes back by a sign-in, newer tokens or a refresh that mends, and by nothing else',
    world: { leaveOut: (chart, event) => event.type.startsWith('record.') && chart.matches('signedIn') },
    change: (root) => dropGuard(stateAt(root, 'signedIn.refresh.invalidated'), 'refresh.requested'),
  },
  {
    name: 'refreshing again at once for an origin that pauses',
    foundBy: 'no refresh leads to the next without a wait',
    change(root) {
      const refreshing = stateAt(root, 'signedIn.refresh.refreshing')
      for (const transition of transitionsAt(refreshing, 'refresh.paused')) transition.actions = []
    },
  },
  {
    name: 'resting offline with the failure in mind',
    foundBy: 'a session at rest has forgotten what was wrong',
    world: { refreshTiming: 'onUse' },
    change(root) {
      const offline = stateAt(root, 'signedIn.refresh.transientFailure.offline')
      for (const transition of transitionsAt(offline, 'network.online')) transition.actions = 'noteOnline'
    },
  },
  {
    name: 'backing off without noting why',
    foundBy: 'a session in trouble knows what is wrong',
    change(root) {
      const refreshing = stateAt(root, 'signedIn.refresh.refreshing')
      for (const transition of transitionsAt(refreshing, 'refresh.failed')) transition.actions = []
    },
  },
]

function dropGuard(state: StateConfig, type: string): void {
  for (const transition of transitionsAt(state, type)) delete transition.guard
}

function isFirstRejection({ event }: { event: { outcome?: string } }): boolean {
  return event.outcome === 'rejected'
}
