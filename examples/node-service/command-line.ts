import { parseArgs } from 'node:util'

/** What the program was asked to do. */
export type Command =
  | { readonly kind: 'serve' | 'signIn' | 'help' }
  | { readonly kind: 'mistake'; readonly message: string }

/** For `--help`. */
export const usage = `Usage: pnpm example:node-service [sign-in] [--help]

An HTTP service that calls an upstream API: below /service/ on client
credentials, below /user/ on the stored session of a user. /healthz says how
both are. SIGTERM stops it: what is under way is finished and stored first.

Without settings it runs against an authorization server and an API of its own
on 127.0.0.1, with alice signed in, and prints what to try. For others, set in
the environment:

  ISSUER                 such as https://login.acme.example
  UPSTREAM_URL           such as https://api.acme.example/v1
  SERVICE_CLIENT_ID      the client of the client credentials
  SERVICE_CLIENT_SECRET
  USER_CLIENT_ID         the public client that the user signs in at
  SESSION_DIRECTORY      where both sessions are kept; instances share it
  SESSION_KEY            32 bytes in base64: openssl rand -base64 32

and if wanted:

  SERVICE_SCOPE          the scope of the client credentials
  USER_SCOPE             for sign-in; default "openid offline_access"
  HOST, PORT             where to listen; default 127.0.0.1 and 8080
  ALLOWED_HOSTS          names in the Host of requests, by commas; default any,
                         but only those of loopback where it listens there
  STOP_SECONDS           how long requests, and then refreshes, may take to end
                         after SIGTERM; default 10

sign-in signs the user in, by the browser on this machine, and ends. A service
that runs takes notice by itself.
`

/** Reads the command line. */
export function readCommand(commandArguments: readonly string[]): Command {
  // Some package managers pass the `--` on, some do not.
  const given = commandArguments[0] === '--' ? commandArguments.slice(1) : [...commandArguments]
  const options = { help: { type: 'boolean', short: 'h' } } as const
  const { values, positionals, tokens } = parseArgs({
    args: given,
    options,
    strict: false,
    tokens: true,
    allowPositionals: true,
  })
  const unknown = tokens.find((token) => token.kind === 'option' && token.name !== 'help')
  if (unknown !== undefined) return mistake(given[unknown.index] ?? '')
  if (values.help !== undefined) return { kind: 'help' }
  if (positionals.length === 0) return { kind: 'serve' }
  if (positionals.length === 1 && positionals[0] === 'sign-in') return { kind: 'signIn' }
  return mistake(positionals.find((word) => word !== 'sign-in') ?? positionals.join(' '))
}

function mistake(unknown: string): Command {
  return { kind: 'mistake', message: `Unknown: ${unknown}. Known are sign-in and --help.` }
}
