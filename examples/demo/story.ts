import { tokenAnswers, withRetryAfter } from '@authchart/test/authorization-server'
import type { EventStream } from './event-stream.ts'
import { openCalls, type Tally } from './tally.ts'
import type { World } from './world.ts'

/** How long access tokens live, in seconds. */
export const accessTokenLifetime = 4

/** How long a token request is on its way: a server on loopback would answer too fast to be seen. */
const distanceMilliseconds = 250

/** How much of the outcome of an act is shown before the next begins. */
const callsBetweenActs = 6

/** A part of the story: what happens to the session, and what ends the part. */
interface Act {
  readonly title: string
  /** What to look for, in a sentence. */
  readonly text: string
  play(stage: Stage): Promise<void>
}

/** The surroundings of an act. */
interface Stage {
  readonly world: World
  readonly events: EventStream
  /** Resolves once this much has happened since the beginning of the act. */
  untilMore(count: (tally: Tally) => number, more: number, description: string): Promise<void>
  /** Resolves when no token request is under way; none starts before the caller awaits something else. */
  untilNoRefresh(): Promise<void>
}

const acts: readonly Act[] = [
  {
    title: 'Tokens that live four seconds',
    text: 'The next token is there before the old one ends. No call notices.',
    async play({ untilMore }) {
      await untilMore(refreshes, 2, 'two refreshes')
    },
  },
  {
    title: 'The API revokes the token',
    text: 'A call gets 401. One refresh, and the same call is sent again.',
    async play({ world, untilMore }) {
      world.api.faults.revokePresentedToken()
      await untilMore(({ sentAgain }) => sentAgain, 1, 'a call that was sent again')
    },
  },
  {
    title: 'A firewall answers for the token endpoint',
    text: 'Its HTML 403 says nothing about the session, which lives on.',
    async play({ world, untilMore }) {
      world.server.faults.answerWith(tokenAnswers.htmlForbidden)
      await untilMore(recoveries, 1, 'a refresh after the firewall has let go')
    },
  },
  {
    title: 'The token endpoint says 429, Retry-After: 3',
    text: 'For three seconds, no token request. Calls are told so at once.',
    async play({ world, untilMore }) {
      world.server.faults.answerWith(withRetryAfter(tokenAnswers.throttled, 3))
      await untilMore(recoveries, 1, 'a refresh after the cooldown')
    },
  },
  {
    title: 'The authorization server is down',
    text: 'Calls go on until the token expires. Then they wait: 0.5 s here, 10 s by default.',
    async play({ world: { server }, events, untilMore, untilNoRefresh }) {
      // A token request that is cut off here might have been processed, which belongs to a later part of the story.
      await untilNoRefresh()
      const down = server.goDown()
      events.emit({ type: 'authorizationServer', reachable: false })
      await down
      await untilMore(refusals, 5, 'calls without a token')
      await server.comeBack()
      events.emit({ type: 'authorizationServer', reachable: true })
      await untilMore(recoveries, 1, 'a refresh after the server came back')
    },
  },
  {
    title: 'An answer is lost after the refresh token was spent',
    text: 'Did the server act on it? The same token goes out once more.',
    async play({ world: { server }, untilMore, untilNoRefresh }) {
      await untilNoRefresh()
      server.faults.setGrace(30_000)
      server.faults.dropAnswerAfterCommit()
      // The tokens of the replay are as old as the lost answer: they must not expire before the next act.
      server.lifetimes.accessToken = 2 * accessTokenLifetime
      await untilMore(refreshes, 1, 'the tokens of the lost answer')
      server.faults.setGrace(0)
    },
  },
  {
    title: 'The grant is revoked',
    text: 'The session ends, and says why once. Calls cost no network now.',
    async play({ world: { server }, untilMore }) {
      server.revokeGrant('alice')
      await untilMore(({ notices }) => notices.ended ?? 0, 1, 'the end of the session')
      await untilMore(refusals, 5, 'calls after the end')
    },
  },
]

/** Plays the acts one after the other. */
export async function playStory(world: World, events: EventStream): Promise<void> {
  world.server.faults.delay({ beforeMilliseconds: distanceMilliseconds }, { times: Number.POSITIVE_INFINITY })
  for (const [index, { title, text, play }] of acts.entries()) {
    events.emit({ type: 'act', act: index + 1, acts: acts.length, title, text })
    await play(createStage(world, events))
    await createStage(world, events).untilMore(endedCalls, callsBetweenActs, 'calls to see what has come of it')
  }
}

function createStage(world: World, events: EventStream): Stage {
  const atFirst = events.tally
  return {
    world,
    events,
    untilMore: (count, more, description) =>
      events.until((tally) => count(tally) >= count(atFirst) + more, description),
    async untilNoRefresh() {
      while (isRefreshing(events.tally)) await events.until((tally) => !isRefreshing(tally), 'no refresh under way')
    },
  }
}

function isRefreshing({ state }: Tally): boolean {
  return state?.refresh?.startsWith('refreshing') === true
}

const endedCalls = (tally: Tally) => tally.calls - openCalls(tally)
const refreshes = ({ notices }: Tally) => notices.refreshed ?? 0
const recoveries = ({ notices }: Tally) => notices.recovered ?? 0
const refusals = ({ callsByOutcome }: Tally) => callsByOutcome.tokenUnusable
