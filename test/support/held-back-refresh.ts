import type { Session } from '@authchart/core'
import { type AuthorizationServer, type Gate, tokenAnswers } from '../authorization-server/index.ts'

/** A refresh whose answer a test holds in its hand. */
export interface HeldBackRefresh {
  /** Opens to let the answer go. */
  readonly gate: Gate
  /** The access token that the caller of the refresh gets, or the error. */
  readonly caller: Promise<unknown>
  /** The access token and the refresh token of the answer; none where it is a refusal. */
  readonly issued: readonly string[]
}

/** Begins a refresh whose answer is held back: tokens that the server has issued, or a refusal. */
export async function beginHeldBackRefresh(
  server: AuthorizationServer,
  session: Session,
  { answer }: { answer: 'issued' | 'refused' },
): Promise<HeldBackRefresh> {
  const issued: string[] = []
  if (answer === 'refused') server.faults.answerWith(tokenAnswers.invalidGrant)
  else {
    server.faults.alterAnswer((members) => {
      issued.push(String(members.access_token), String(members.refresh_token))
      return members
    })
  }
  const gate = server.faults.hold({ times: 1, afterCommit: answer === 'issued' })
  const caller = session.refresh().then(
    ({ value }) => value,
    (error: unknown) => error,
  )
  await gate.arrived()
  return { gate, caller, issued }
}
