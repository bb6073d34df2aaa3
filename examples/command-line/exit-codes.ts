/** What the program tells a script that runs it. */
export const exitCodes = {
  done: 0,
  failed: 1,
  mistake: 2,
  notSignedIn: 3,
  tryAgainLater: 4,
  interrupted: 130,
} as const

/** One of them. */
export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes]
