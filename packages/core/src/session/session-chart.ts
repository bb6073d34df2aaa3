import { createContext, promptOf } from './session-context.ts'
import { createChart } from './session-setup.ts'

/**
 * The session as a statechart.
 *
 * Two regions while a user is signed in, since "may this token be sent?" and "what is being done about it?" are
 * independent: while a refresh runs, fails, or has been refused for good, a token that is still valid is still served.
 *
 * Made when the first session is: importing the library costs nothing of it. What its states mean is told by
 * `@authchart/core/inspect`.
 */
export const createSessionMachine = () =>
  createChart({
    id: 'session',
    context: ({ input }) => createContext(input),
    initial: 'restoring',
    on: {
      'network.online': { actions: 'noteOnline' },
      'network.offline': { actions: 'noteOffline' },
      'page.shown': { actions: 'noteShown' },
      'page.hidden': { actions: 'noteHidden' },
      'signIn.stored': [
        { target: '.signedIn', guard: 'isNewer', actions: ['clearSession', 'takeToken', 'noteSignIn'] },
        // The store was quicker with the news.
        { guard: 'isCurrent', actions: 'noteSignIn' },
      ],
    },
    states: {
      restoring: {
        initial: 'reading',
        on: {
          'record.signedIn': { target: 'signedIn', actions: ['clearFailure', 'restoreToken'] },
          'record.ended': {
            target: ['#judging', '#invalidated'],
            actions: ['clearFailure', 'restoreToken', 'noteEnd'],
          },
          'record.signedOut': { target: 'signedOut', actions: 'noteTombstone' },
          'record.absent': 'signedOut',
          'signOut.requested': 'signingOut',
        },
        states: {
          reading: {
            entry: 'forgetFailure',
            invoke: { id: 'recordReader', src: 'readRecord' },
            on: {
              // What is being read may be from before that change.
              'store.changed': { actions: 'followRecord' },
              'record.unavailable': { target: 'unavailable', actions: 'noteFailure' },
            },
          },
          unavailable: {
            after: { untilRetry: 'reading' },
            on: {
              'token.requested': { target: 'reading', guard: 'retryIsDue' },
              'refresh.requested': 'reading',
              'clock.resumed': 'reading',
              'store.changed': 'reading',
            },
          },
        },
      },

      signedOut: {
        entry: 'clearSession',
        // A grant that signs in by itself needs no user for it.
        always: { target: ['#judging', '#refreshing'], guard: 'signsInEagerly', actions: 'awaitFirstToken' },
        on: {
          'store.changed': { actions: 'followRecord' },
          'clock.resumed': { actions: 'followRecord' },
          'record.signedIn': { target: 'signedIn', guard: 'isNewSignIn', actions: 'takeToken' },
          'record.signedOut': { actions: 'noteTombstone' },
          'record.absent': { actions: 'forgetGeneration' },
          'token.requested': {
            target: ['#judging', '#refreshing'],
            guard: 'maySignIn',
            actions: 'awaitFirstToken',
          },
          'refresh.requested': {
            target: ['#judging', '#refreshing'],
            guard: 'signsIn',
            actions: 'awaitFirstToken',
          },
          'signOut.requested': 'signingOut',
        },
      },

      signedIn: {
        type: 'parallel',
        on: {
          'store.changed': { actions: 'followRecord' },
          'record.signedOut': { target: 'signedOut', guard: 'isLater', actions: 'noteTombstone' },
          'record.absent': [
            { target: 'signedOut', guard: 'signsInAgain', actions: 'forgetGeneration' },
            {
              target: ['#judging', '#invalidated'],
              guard: 'hasLostRecord',
              actions: ['clearSession', 'forgetGeneration', 'noteRemoval'],
            },
          ],
          'record.ended': {
            target: ['#judging', '#invalidated'],
            guard: 'isNotOlder',
            actions: ['takeToken', 'noteEnd'],
          },
          'signOut.requested': 'signingOut',
        },
        states: {
          token: {
            initial: 'judging',
            on: {
              'clock.resumed': { target: '.judging', actions: 'followRecord' },
              'token.requested': '.judging',
              'tokens.stored': { target: '.judging', actions: 'takeToken' },
              'tokens.unstored': { target: '.judging', actions: 'takeToken' },
              'session.ended': '.judging',
              'refresh.paused': '.judging',
              'tokens.adopted': { target: '.judging', guard: 'isNewer', actions: 'takeToken' },
              'record.signedIn': [
                { target: '.judging', guard: 'isNewer', actions: 'takeToken' },
                { target: '.judging', guard: 'isCurrent', actions: 'noteRejections' },
              ],
              'request.ended': [
                { target: '.judging', guard: 'rejectsToken', actions: ['noteRejection', 'noteOutcome'] },
                { actions: 'noteOutcome' },
              ],
            },
            states: {
              // Compares the token with the clock on the wall: no timer can be trusted for that. Left at once.
              judging: {
                id: 'judging',
                entry: 'readClock',
                always: [
                  { target: 'expired', guard: 'isExpired' },
                  { target: 'rejected', guard: 'isRejected' },
                  { target: 'expiring', guard: 'isDue' },
                  { target: 'fresh' },
                ],
              },
              fresh: { tags: 'usable', after: { untilRefreshIsDue: 'judging' } },
              expiring: { tags: 'usable', after: { untilExpiry: 'judging' } },
              expired: { after: { untilSignInExpires: 'judging' } },
              rejected: { after: { untilExpiry: 'judging' } },
            },
          },

          refresh: {
            initial: 'idle',
            on: {
              'record.signedIn': [
                { target: '.idle', guard: 'isNewSignIn', actions: ['clearFailure', 'clearUnstored', 'clearEnd'] },
                { target: '.idle', guard: 'isNewer', actions: ['clearFailure', 'clearEnd'] },
              ],
              'session.ended': {
                target: '.invalidated',
                guard: 'isNotOlder',
                actions: ['takeToken', 'noteEnd'],
              },
            },
            states: {
              idle: {
                id: 'idle',
                always: { target: 'refreshing', guard: 'isToBeRefreshed' },
                on: {
                  'token.requested': { target: 'refreshing', guard: 'needsRefresh' },
                  'refresh.requested': 'refreshing',
                },
              },

              refreshing: {
                id: 'refreshing',
                invoke: {
                  id: 'refresher',
                  src: 'refreshUnderLease',
                  input: ({ context, event }) => promptOf(context, event),
                },
                initial: 'waitingForLease',
                on: {
                  'tokens.stored': [
                    {
                      target: 'transientFailure',
                      guard: 'isUnusableOnArrival',
                      actions: ['noteUnusableToken', 'clearUnstored', 'clearEnd'],
                    },
                    { target: 'idle', actions: ['clearFailure', 'clearUnstored', 'clearEnd'] },
                  ],
                  'tokens.adopted': { target: 'idle', actions: ['clearFailure', 'clearUnstored', 'clearEnd'] },
                  'tokens.unstored': { actions: 'noteUnstored' },
                  'refresh.failed': [
                    {
                      target: 'transientFailure.offline',
                      guard: 'isOffline',
                      actions: ['noteFailure', 'clearUnstored'],
                    },
                    { target: 'transientFailure', actions: ['noteFailure', 'clearUnstored'] },
                  ],
                  'refresh.paused': [
                    { target: 'invalidated', guard: 'hasEnded', actions: ['notePause', 'clearFailure'] },
                    { target: 'idle', actions: ['notePause', 'clearFailure'] },
                  ],
                  // There are newer tokens than those that were refused.
                  'session.ended': { target: 'idle', guard: 'isOlder', actions: ['clearFailure', 'clearEnd'] },
                  'refresh.cancelled': [
                    { target: 'invalidated', guard: 'hasEnded', actions: 'clearFailure' },
                    { target: 'idle', actions: 'clearFailure' },
                  ],
                  // Newer tokens of this sign-in are for the refresh to tell.
                  'record.signedIn': { guard: 'isSameSignIn' },
                  // It writes the record that is gone.
                  'record.absent': { guard: 'signsIn' },
                },
                // The procedure tells how far it is, and is not steered.
                states: {
                  waitingForLease: { on: { 'lease.acquired': 'rereading' } },
                  rereading: { on: { 'intent.written': 'requestingTokens' } },
                  requestingTokens: { on: { 'tokens.issued': 'storing' } },
                  storing: {},
                },
              },

              transientFailure: {
                id: 'transientFailure',
                initial: 'backingOff',
                on: {
                  'token.requested': { target: 'refreshing', guard: 'needsRefreshAndRetryIsDue' },
                  'refresh.requested': { target: 'refreshing', guard: 'serverAllows' },
                  'clock.resumed': [{ target: 'refreshing', guard: 'resumesEagerly' }, { actions: 'leaveBackoff' }],
                },
                states: {
                  backingOff: {
                    after: { untilRetry: { target: '#refreshing', guard: 'refreshesEagerly' } },
                    on: {
                      'network.online': [
                        { target: '#refreshing', guard: 'resumesEagerly', actions: 'noteOnline' },
                        { actions: ['noteOnline', 'leaveBackoff'] },
                      ],
                    },
                  },
                  offline: {
                    after: { untilRetry: { target: '#refreshing', guard: 'refreshesEagerly' } },
                    on: {
                      'network.online': [
                        { target: '#refreshing', guard: 'refreshesEagerly', actions: 'noteOnline' },
                        // What was to be mended has not been.
                        { target: '#invalidated', guard: 'hasEnded', actions: ['noteOnline', 'clearFailure'] },
                        { target: '#idle', actions: ['noteOnline', 'clearFailure'] },
                      ],
                    },
                  },
                },
              },

              invalidated: {
                id: 'invalidated',
                on: { 'refresh.requested': { target: 'refreshing', guard: 'isMendable' } },
              },
            },
          },
        },
      },

      signingOut: {
        entry: 'clearSession',
        invoke: { id: 'signOut', src: 'signOut' },
        on: {
          // There may be a new sign-in meanwhile: no hint is followed while the store is being told.
          'signOut.stored': { target: 'signedOut', actions: ['noteTombstone', 'followRecord'] },
          // Signed out here all the same.
          'signOut.failed': { target: 'signedOut', actions: 'noteTombstone' },
        },
      },
    },
  })

type SessionMachine = ReturnType<typeof createSessionMachine>

let machine: SessionMachine | undefined

/** The one machine that serves every session: providing a machine for each costs a millisecond and tens of kilobytes. */
export function sessionMachineOf(): SessionMachine {
  machine ??= createSessionMachine()
  return machine
}
