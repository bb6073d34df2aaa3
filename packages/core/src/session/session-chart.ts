import { createContext, promptOf } from './session-context.ts'
import { sessionSetup } from './session-setup.ts'

/**
 * The session as a statechart.
 *
 * Two regions while somebody is signed in, since "may this token be sent?" and "what is being done about it?" are
 * independent: while a refresh runs, fails, or has been refused for good, a token that is still valid is still served.
 *
 * Guards that look across regions are positive ("the token is expired", never "not fresh"): while a token is being
 * judged it is neither, and a negative guard would refresh without end.
 */
export const sessionMachine = sessionSetup.createMachine({
  id: 'session',
  description: 'A signed-in session, from the stored record to its end.',
  context: ({ input }) => createContext(input),
  initial: 'restoring',
  on: {
    'network.online': { actions: 'noteOnline' },
    'network.offline': { actions: 'noteOffline' },
    'page.shown': { actions: 'noteShown' },
    'page.hidden': { actions: 'noteHidden' },
    'revocation.failed': { actions: 'sayRevocationFailed' },
    'signIn.stored': [
      {
        target: '.signedIn',
        guard: { type: 'isNewer', params: ({ event }) => event.token },
        actions: [
          'clearSession',
          { type: 'takeToken', params: ({ event }) => event.token },
          'saySignedIn',
          { type: 'sayRefreshTokenMissing', params: ({ event }) => event.advice },
        ],
      },
      // The store was quicker with the news.
      {
        guard: { type: 'isCurrent', params: ({ event }) => event.token.generation },
        actions: ['saySignedIn', { type: 'sayRefreshTokenMissing', params: ({ event }) => event.advice }],
      },
    ],
  },
  states: {
    restoring: {
      description: 'Finding out from the store who is signed in.',
      initial: 'reading',
      on: {
        'record.signedIn': {
          target: 'signedIn',
          actions: ['clearFailure', { type: 'takeToken', params: ({ event }) => event.token }, 'sayRecovered'],
        },
        'record.ended': {
          target: ['#judging', '#invalidated'],
          actions: [
            'clearFailure',
            { type: 'takeToken', params: ({ event }) => event.token },
            { type: 'noteOldEnd', params: ({ event }) => event.end },
          ],
        },
        'record.signedOut': {
          target: 'signedOut',
          actions: { type: 'noteTombstone', params: ({ event }) => event.generation },
        },
        'record.absent': [
          {
            target: 'signedIn',
            guard: 'needsNoSignIn',
            actions: ['clearFailure', 'awaitFirstToken', 'sayRecovered'],
          },
          { target: 'signedOut' },
        ],
        'signOut.requested': { target: 'signingOut' },
      },
      states: {
        reading: {
          description: 'The store is being asked.',
          entry: 'forgetFailure',
          invoke: { id: 'recordReader', src: 'readRecord' },
          on: {
            // What is being read may be from before that change.
            'store.changed': { actions: 'followRecord' },
            'record.unavailable': {
              target: 'unavailable',
              actions: [
                {
                  type: 'noteFailure',
                  params: ({ event: { code, retryAt, now } }) => ({
                    code,
                    retryAt,
                    now,
                    serverAsked: false,
                    refusedWithoutReason: false,
                  }),
                },
                { type: 'sayRecordUnreadable', params: ({ event }) => event },
              ],
            },
          },
        },
        unavailable: {
          description: 'The store cannot be read just now. Nobody is signed out for that.',
          after: { untilRetry: { target: 'reading' } },
          on: {
            'token.requested': { target: 'reading', guard: { type: 'retryIsDue', params: ({ event }) => event.now } },
            'refresh.requested': { target: 'reading' },
            'clock.resumed': { target: 'reading' },
            'store.changed': { target: 'reading' },
          },
        },
      },
    },

    signedOut: {
      description: 'Nobody is signed in: nobody ever was though somebody must, or somebody signed out.',
      entry: ['forgetTokens', 'clearSession', 'noteSignedOut'],
      on: {
        'store.changed': { actions: 'followRecord' },
        'clock.resumed': { actions: 'followRecord' },
        'record.signedIn': {
          target: 'signedIn',
          guard: { type: 'isNewSignIn', params: ({ event }) => event.token },
          actions: [{ type: 'takeToken', params: ({ event }) => event.token }, 'saySignedIn'],
        },
        'record.signedOut': { actions: { type: 'noteTombstone', params: ({ event }) => event.generation } },
        'record.absent': { actions: 'forgetGeneration' },
        // Where nobody has to sign in, this is how to begin again.
        'refresh.requested': {
          target: ['#judging', '#refreshing'],
          guard: 'needsNoSignIn',
          actions: 'awaitFirstToken',
        },
        'signOut.requested': { target: 'signingOut' },
      },
    },

    signedIn: {
      description: 'Somebody is signed in, or was until the session ended.',
      type: 'parallel',
      on: {
        'store.changed': { actions: 'followRecord' },
        'record.signedOut': {
          target: 'signedOut',
          // Not the one that this session has begun anew after.
          guard: { type: 'isLater', params: ({ event }) => event.generation },
          actions: [{ type: 'noteTombstone', params: ({ event }) => event.generation }, 'saySignedOut'],
        },
        'record.absent': [
          {
            target: ['#judging', '#invalidated'],
            // One that nobody had to sign in for is simply written again.
            guard: 'hasLostRecord',
            actions: [
              'forgetTokens',
              'clearSession',
              'forgetGeneration',
              { type: 'noteEnd', params: ({ event }) => ({ reason: 'recordRemoved', endedAt: event.now }) },
              'sayEnded',
            ],
          },
        ],
        'record.ended': {
          target: ['#judging', '#invalidated'],
          guard: { type: 'isNotOlder', params: ({ event }) => event.token.generation },
          actions: [
            { type: 'takeToken', params: ({ event }) => event.token },
            { type: 'noteEnd', params: ({ event }) => event.end },
            'clearUnstored',
            'sayEnded',
          ],
        },
        'signOut.requested': { target: 'signingOut' },
        'request.accepted': {
          actions: { type: 'noteOutcome', params: ({ event }) => ({ ...event, outcome: 'accepted' }) },
        },
        'request.networkFailed': {
          actions: { type: 'noteOutcome', params: ({ event }) => ({ ...event, outcome: 'networkFailed' }) },
        },
        'request.stepUpRequired': {
          actions: [
            { type: 'noteOutcome', params: ({ event }) => ({ ...event, outcome: 'stepUpRequired' }) },
            { type: 'sayStepUpRequired', params: ({ event }) => event },
          ],
        },
        'request.rejectedAfterRefresh': {
          actions: [
            { type: 'noteOutcome', params: ({ event }) => ({ ...event, outcome: 'rejectedAfterRefresh' }) },
            { type: 'sayRejectedAfterRefresh', params: ({ event }) => event },
          ],
        },
      },
      states: {
        token: {
          description: 'May the access token be sent?',
          initial: 'judging',
          on: {
            'clock.resumed': { target: '.judging', actions: 'followRecord' },
            'token.requested': { target: '.judging' },
            'tokens.stored': {
              target: '.judging',
              actions: { type: 'takeToken', params: ({ event }) => event.token },
            },
            'tokens.unstored': {
              target: '.judging',
              actions: { type: 'takeToken', params: ({ event }) => event.token },
            },
            'refresh.refused': { target: '.judging' },
            'tokens.adopted': {
              target: '.judging',
              guard: { type: 'isNewer', params: ({ event }) => event.token },
              actions: { type: 'takeToken', params: ({ event }) => event.token },
            },
            'record.signedIn': {
              target: '.judging',
              guard: { type: 'isNewer', params: ({ event }) => event.token },
              actions: { type: 'takeToken', params: ({ event }) => event.token },
            },
          },
          states: {
            judging: {
              id: 'judging',
              description: 'The token is compared with the clock on the wall: no timer can be trusted for that.',
              invoke: { id: 'clockReader', src: 'readClock' },
              on: {
                'clock.read': [
                  {
                    target: 'expired',
                    guard: { type: 'isExpired', params: ({ event }) => event.now },
                    actions: { type: 'noteTime', params: ({ event }) => event.now },
                  },
                  {
                    target: 'rejected',
                    guard: 'isRejected',
                    actions: { type: 'noteTime', params: ({ event }) => event.now },
                  },
                  {
                    target: 'expiring',
                    guard: { type: 'isDue', params: ({ event }) => event.now },
                    actions: { type: 'noteTime', params: ({ event }) => event.now },
                  },
                  { target: 'fresh', actions: { type: 'noteTime', params: ({ event }) => event.now } },
                ],
                // Heard before the clock was read: it counts when it is.
                'token.rejected': {
                  guard: { type: 'isCurrent', params: ({ event }) => event.generation },
                  actions: ['withholdToken', { type: 'noteRejection', params: ({ event }) => event }],
                },
              },
            },
            fresh: {
              description: 'Good, and not due for a refresh.',
              tags: 'usable',
              after: { untilRefreshIsDue: { target: 'judging' } },
              on: {
                'token.rejected': {
                  target: 'rejected',
                  guard: { type: 'isCurrent', params: ({ event }) => event.generation },
                  actions: ['withholdToken', { type: 'noteRejection', params: ({ event }) => event }],
                },
              },
            },
            expiring: {
              description: 'Good, and due for a refresh.',
              tags: 'usable',
              after: { untilExpiry: { target: 'judging' } },
              on: {
                'token.rejected': {
                  target: 'rejected',
                  guard: { type: 'isCurrent', params: ({ event }) => event.generation },
                  actions: ['withholdToken', { type: 'noteRejection', params: ({ event }) => event }],
                },
              },
            },
            expired: { description: 'Past its time, or there is none.' },
            rejected: { description: 'A resource server refused it, whatever its expiry says.' },
          },
        },

        refresh: {
          description: 'What is being done about it?',
          initial: 'idle',
          on: {
            'record.signedIn': [
              {
                target: '.idle',
                guard: { type: 'isNewSignIn', params: ({ event }) => event.token },
                actions: ['clearFailure', 'clearUnstored', 'clearEnd', 'saySignedIn'],
              },
              {
                target: '.idle',
                guard: { type: 'isNewer', params: ({ event }) => event.token },
                actions: ['clearFailure', 'sayAdopted', 'sayRecovered', 'clearEnd'],
              },
            ],
            'refresh.refused': {
              target: '.invalidated',
              guard: { type: 'isNotOlder', params: ({ event }) => event.token.generation },
              actions: [
                { type: 'takeToken', params: ({ event }) => event.token },
                { type: 'noteEnd', params: ({ event }) => event.end },
                'clearUnstored',
                'sayEnded',
                { type: 'sayEndNotStored', params: ({ event }) => event },
              ],
            },
          },
          states: {
            idle: {
              id: 'idle',
              description: 'Nothing.',
              always: { target: 'refreshing', guard: 'isToBeRefreshed' },
              on: {
                'token.requested': {
                  target: 'refreshing',
                  guard: { type: 'needsRefresh', params: ({ event }) => event },
                },
                'refresh.requested': { target: 'refreshing' },
              },
            },

            refreshing: {
              id: 'refreshing',
              description: 'The refresh procedure runs. It is told here, and not steered.',
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
                    guard: { type: 'isUnusableOnArrival', params: ({ event }) => event.token },
                    actions: [
                      {
                        type: 'noteFailure',
                        params: ({ event: { token, now } }) => ({
                          code: 'tokenUnusable',
                          retryAt: token.retryAt ?? now,
                          now,
                          serverAsked: false,
                          refusedWithoutReason: false,
                        }),
                      },
                      'sayStored',
                      'sayRefreshFailed',
                      'clearEnd',
                    ],
                  },
                  {
                    target: 'idle',
                    actions: ['clearFailure', 'sayStored', 'sayRefreshed', 'sayRecovered', 'clearEnd'],
                  },
                ],
                'tokens.adopted': [
                  {
                    target: 'idle',
                    guard: { type: 'isNewSignIn', params: ({ event }) => event.token },
                    actions: ['clearFailure', 'clearUnstored', 'clearEnd', 'saySignedIn'],
                  },
                  {
                    target: 'idle',
                    actions: ['clearFailure', 'clearUnstored', 'sayAdopted', 'sayRecovered', 'clearEnd'],
                  },
                ],
                'tokens.unstored': { actions: ['noteUnstored', 'sayUnstored'] },
                'refresh.failed': [
                  {
                    target: 'transientFailure.offline',
                    guard: { type: 'isOffline', params: ({ event }) => event },
                    actions: [
                      { type: 'noteFailure', params: ({ event }) => event },
                      'clearUnstored',
                      'sayRefreshFailed',
                    ],
                  },
                  {
                    target: 'transientFailure',
                    actions: [
                      { type: 'noteFailure', params: ({ event }) => event },
                      'clearUnstored',
                      'sayRefreshFailed',
                    ],
                  },
                ],
                // Somebody has newer tokens than those that were refused.
                'refresh.refused': {
                  target: 'idle',
                  guard: { type: 'isOlder', params: ({ event }) => event.token.generation },
                  actions: ['clearFailure', 'sayAdopted', 'sayRecovered', 'clearEnd'],
                },
                'refresh.cancelled': [
                  { target: 'invalidated', guard: 'hasEnded', actions: 'clearFailure' },
                  { target: 'idle', actions: 'clearFailure' },
                ],
                // Newer tokens of this sign-in are for the refresh to tell.
                'record.signedIn': { guard: { type: 'isSameSignIn', params: ({ event }) => event.token } },
              },
              states: {
                waitingForLease: {
                  description: 'Somebody else may be refreshing; their tokens would do as well.',
                  on: { 'lease.acquired': { target: 'rereading' } },
                },
                rereading: {
                  description: 'Somebody may have been quicker.',
                  on: { 'intent.written': { target: 'requestingTokens' } },
                },
                requestingTokens: {
                  description: 'The refresh token is on its way, once; nobody aborts that.',
                  on: { 'tokens.issued': { target: 'storing' } },
                },
                storing: { description: 'New tokens are on their way into the store.' },
              },
            },

            transientFailure: {
              id: 'transientFailure',
              description: 'It failed for a reason that passes.',
              initial: 'backingOff',
              on: {
                'token.requested': {
                  target: 'refreshing',
                  guard: { type: 'needsRefreshAndRetryIsDue', params: ({ event }) => event },
                },
                'refresh.requested': {
                  target: 'refreshing',
                  guard: { type: 'serverAllows', params: ({ event }) => event.now },
                },
                'clock.resumed': [
                  { target: 'refreshing', guard: { type: 'resumesEagerly', params: ({ event }) => event.now } },
                  { actions: { type: 'leaveBackoff', params: ({ event }) => event.now } },
                ],
              },
              states: {
                backingOff: {
                  description: 'Waiting before the next try, for our own sake or because the server asked.',
                  after: { untilRetry: { target: '#refreshing', guard: 'refreshesEagerly' } },
                  on: {
                    'network.online': [
                      {
                        target: '#refreshing',
                        guard: { type: 'resumesEagerly', params: ({ event }) => event.now },
                        actions: 'noteOnline',
                      },
                      { actions: ['noteOnline', { type: 'leaveBackoff', params: ({ event }) => event.now }] },
                    ],
                  },
                },
                offline: {
                  description: 'The device has no network: nothing is sent.',
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
              description: 'The grant is dead. What is left of the access token is served; only a new sign-in helps.',
              on: {
                'refresh.requested': { target: 'refreshing', guard: 'endMayBeMended' },
              },
            },
          },
        },
      },
    },

    signingOut: {
      description: 'Forgotten here already; now the store is told.',
      entry: 'forgetTokens',
      invoke: { id: 'signOut', src: 'signOut' },
      on: {
        // Somebody may have signed in anew meanwhile: no hint is followed while the store is being told.
        'signOut.stored': {
          target: 'signedOut',
          actions: [{ type: 'noteTombstone', params: ({ event }) => event.generation }, 'saySignedOut', 'followRecord'],
        },
        'signOut.failed': { target: 'signedOut', actions: 'saySignedOut' },
      },
    },
  },
})
