import { parseArgs } from 'node:util'

/** What the demo was asked to do. */
export type Command =
  | { readonly kind: 'play'; readonly json: boolean; readonly inspect: boolean }
  | { readonly kind: 'help' }
  | { readonly kind: 'mistake'; readonly message: string }

/** For `--help`. */
export const usage = `Usage: pnpm demo [--json] [--inspect] [--help]

Starts an authorization server and an API on 127.0.0.1, signs in, and runs a
service that calls the API for about half a minute, through everything that can
befall a session. In a terminal it draws what happens; elsewhere it prints lines.

  --json      Print a JSON object a line for each event, and the summary last.
  --inspect   Serve a page that shows the session's chart as it goes, until
              Ctrl-C; what to open is printed on stderr.
  -h, --help  Print this.

NO_COLOR and FORCE_COLOR are honoured. Ctrl-C ends it.

The summary:
  requests                  calls of the service
  succeeded                 of those, the ones that the API answered
  failedWhileTokenUnusable  of those, the ones that were told why there is no token
  failedOtherwise           the rest: must be 0
  tokenRequests             that reached the authorization server, the sign-in aside
  refreshes                 token sets that they brought
  replays                   refresh tokens sent again since their answer was lost: must be 1
  reuseDetected             refresh tokens sent again for no reason: must be 0
  ended                     why the session ended: must be grantRejected

Exit code: 0 if all is as it must be, 1 if not, 2 for a mistake in the command
line, 130 after Ctrl-C.
`

/** Reads the command line. */
export function readCommand(commandArguments: readonly string[]): Command {
  // Some package managers pass the `--` on, some do not.
  const given = commandArguments[0] === '--' ? commandArguments.slice(1) : [...commandArguments]
  const { values, tokens } = parseArgs({ args: given, options: known, strict: false, tokens: true })
  const unknown = tokens.find((token) => token.kind !== 'option' || !Object.hasOwn(known, token.name))
  if (unknown !== undefined) {
    return { kind: 'mistake', message: `Unknown: ${given[unknown.index]}. Known are --json, --inspect and --help.` }
  }
  const withValue = tokens.find((token) => token.kind === 'option' && token.value !== undefined)
  if (withValue !== undefined) return { kind: 'mistake', message: `${given[withValue.index]}: takes no value.` }
  if (values.help === true) return { kind: 'help' }
  return { kind: 'play', json: values.json === true, inspect: values.inspect === true }
}

const known = {
  json: { type: 'boolean' },
  inspect: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const
