import { parseArgs } from 'node:util'
import { UsageError } from './describe-error.ts'

/** What the program was asked to do. */
export interface CommandLine {
  readonly name: CommandName
  readonly options: Options
}

/** The commands. */
export type CommandName = 'login' | 'status' | 'call' | 'watch' | 'logout' | 'explain'

/** Where sessions are kept. */
export type StoreKind = 'keyring' | 'file' | 'unsealed'

/** The options, from the command line or else from the environment. */
export interface Options {
  readonly account: string | undefined
  readonly issuer: string | undefined
  readonly clientId: string | undefined
  readonly scope: string
  readonly api: string | undefined
  readonly store: StoreKind
  /** The folder for sessions and recordings; `undefined` for the one in the user's home. */
  readonly state: string | undefined
  /** The path at the API. */
  readonly path: string
  readonly everySeconds: number
  readonly device: boolean
  readonly all: boolean
  readonly json: boolean
  readonly debug: boolean
}

const known = {
  account: { type: 'string' },
  issuer: { type: 'string' },
  'client-id': { type: 'string' },
  scope: { type: 'string' },
  api: { type: 'string' },
  store: { type: 'string' },
  state: { type: 'string' },
  every: { type: 'string' },
  device: { type: 'boolean' },
  all: { type: 'boolean' },
  json: { type: 'boolean' },
  debug: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const

/** The options that only some commands understand. */
const specific: Readonly<Partial<Record<keyof typeof known, readonly CommandName[]>>> = {
  device: ['login'],
  scope: ['login'],
  all: ['logout'],
  every: ['watch'],
}

const commandNames: readonly CommandName[] = ['login', 'status', 'call', 'watch', 'logout', 'explain']
const storeKinds: readonly StoreKind[] = ['keyring', 'file', 'unsealed']

/**
 * Reads the command line, and what it does not say from the environment; `undefined` asks for help.
 * @throws UsageError that says what would make sense
 */
export function readCommandLine(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine | undefined {
  // Some package managers pass the `--` on, some do not.
  const given = commandArguments[0] === '--' ? commandArguments.slice(1) : [...commandArguments]
  const { values, positionals } = parse(given)
  if (values.help === true || given.length === 0) return undefined
  const [command, path, ...rest] = positionals
  const name = oneOf(commandNames, command, command === undefined ? 'No command' : `No such command: ${command}`)
  const stranger = Object.keys(values).find((option) => !understands(name, option))
  if (stranger !== undefined) throw new UsageError(`"acme ${name}" does not take --${stranger}.`)
  const extra = name === 'call' || name === 'watch' ? rest[0] : path
  if (extra !== undefined) throw new UsageError(`"acme ${name}" does not know what to do with "${extra}".`)
  if (name === 'call' && path === undefined) throw new UsageError('Which path? Such as: acme call /orders.')
  return { name, options: readOptions(values, { path, environment }) }
}

type Values = ReturnType<typeof parse>['values']

function readOptions(
  values: Values,
  { path = '/', environment }: { path?: string; environment: Readonly<Record<string, string | undefined>> },
): Options {
  // An empty variable counts as unset.
  const setting = (value: string | undefined, variable: string) => value ?? (environment[variable] || undefined)
  const store = setting(values.store, 'ACME_STORE') ?? 'keyring'
  const { every = '30', all = false, device = false, json = false, debug = false } = values
  const everySeconds = Number(every)
  // A longer timer fires at once in Node.
  if (!(everySeconds > 0 && everySeconds <= 86_400)) {
    throw new UsageError(`--every must be a number of seconds, a day at most, and is ${every}.`)
  }
  const account = setting(values.account, 'ACME_ACCOUNT')
  if (account === '') throw new UsageError('--account must not be empty.')
  if (all && values.account !== undefined) throw new UsageError('Either --account or --all.')
  return {
    account,
    issuer: setting(values.issuer, 'ACME_ISSUER'),
    clientId: setting(values['client-id'], 'ACME_CLIENT_ID'),
    scope: setting(values.scope, 'ACME_SCOPE') ?? 'openid offline_access',
    api: setting(values.api, 'ACME_API'),
    store: oneOf(storeKinds, store, `No such store: ${store}`),
    state: setting(values.state, 'ACME_STATE'),
    path,
    everySeconds,
    device,
    all,
    json,
    debug,
  }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: known, allowPositionals: true })
  } catch (error) {
    // Its first sentence: a second one is about arguments that begin with a dash.
    const [mistake] = (error as Error).message.split(/\.(?:\s|$)/)
    throw new UsageError(`${mistake}. See "acme --help".`)
  }
}

function understands(name: CommandName, option: string): boolean {
  return specific[option as keyof typeof known]?.includes(name) !== false
}

function oneOf<Name extends string>(names: readonly Name[], given: string | undefined, mistake: string): Name {
  const name = names.find((each) => each === given)
  if (name !== undefined) return name
  throw new UsageError(`${mistake}. There are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}.`)
}
