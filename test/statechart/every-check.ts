import {
  type Findings,
  findDeadEnds,
  findMissedRefreshes,
  findRejectionsMissed,
  findReplacedRequests,
  findSecondRequests,
  findSignOutImpossible,
  findStaleRejectionsHeard,
  findTroubleForgotten,
  findTroubleRemembered,
  findUnaskedRefreshes,
  findUsableWithoutToken,
} from './chart-checks.ts'
import type { ChartGraph } from './explore-chart.ts'
import { findFreshOutOfReach, findRefreshLoops, findRevivals, findSignInsInVain } from './refresh-loops.ts'

/** What must be so wherever the chart can get, and how to find where it is not. */
export const everyCheck = {
  'at most one refresh is listened to, and only while refreshing': findSecondRequests,
  'no refresh is replaced by another while its token request could be open': findReplacedRequests,
  'a hidden page refreshes only what is asked for': findUnaskedRefreshes,
  'a page that is shown refreshes what is due': findMissedRefreshes,
  'a stale rejection changes nothing': findStaleRejectionsHeard,
  'the rejection of the token that is held is never missed': findRejectionsMissed,
  'no refresh leads to the next without a wait': findRefreshLoops,
  'a token is called usable only while it is held, unexpired and not rejected': findUsableWithoutToken,
  'the token can become fresh again, by a refresh unless the session is over': findFreshOutOfReach,
  'a sign-in makes it fresh at once': findSignInsInVain,
  'what is over comes back by a sign-in, newer tokens or a refresh that mends, and by nothing else': findRevivals,
  'sign-out is possible': findSignOutImpossible,
  'no state is a dead end, and every last answer is heard': findDeadEnds,
  'a session at rest has forgotten what was wrong': findTroubleRemembered,
  'a session in trouble knows what is wrong': findTroubleForgotten,
} satisfies Record<string, (graph: ChartGraph) => Findings>

export type CheckName = keyof typeof everyCheck
