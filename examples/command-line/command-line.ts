import { parseArgs } from 'node:util'

/** What the program was asked to do. */
export type CommandLine =
  | { readonly kind: 'run'; readonly name: CommandName; readonly options: Options }
  | { readonly kind: 'help' }
  | Mistake

/** A command line that makes no sense, and what would. */
export interface Mistake {
  readonly kind: 'mistake'
  readonly message: string
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

/** Reads the command line, and what it does not say from the environment. */
export function readCommandLine(
  commandArguments: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): CommandLine {
  // Some package managers pass the `--` on, some do not.
  const given = commandArguments[0] === '--' ? commandArguments.slice(1) : [...commandArguments]
  const parsed = parse(given)
  if ('kind' in parsed) return parsed
  const { values, positionals } = parsed
  if (values.help === true || given.length === 0) return { kind: 'help' }
  const [name, path, ...rest] = positionals
  if (!isOneOf(commandNames, name)) {
    return mistake(`${name === undefined ? 'No command' : `No such command: ${name}`}. ${listOf(commandNames)}.`)
  }
  const stranger = Object.keys(values).find((option) => !understands(name, option))
  if (stranger !== undefined) return mistake(`"acme ${name}" does not take --${stranger}.`)
  const extra = takesPath(name) ? rest[0] : path
  if (extra !== undefined) return mistake(`"acme ${name}" does not know what to do with "${extra}".`)
  if (name === 'call' && path === undefined) return mistake('Which path? Such as: acme call /orders.')
  return complete(name, { values, path, environment })
}

type Values = NonNullable<ReturnType<typeof parseKnown>['values']>

function complete(
  name: CommandName,
  given: { values: Values; path: string | undefined; environment: Readonly<Record<string, string | undefined>> },
): CommandLine {
  const { values, path = '/', environment } = given
  // An empty variable counts as unset.
  const setting = (value: string | undefined, variable: string) => value ?? (environment[variable] || undefined)
  const store = setting(values.store, 'ACME_STORE') ?? 'keyring'
  if (!isOneOf(storeKinds, store)) return mistake(`No such store: ${store}. ${listOf(storeKinds)}.`)
  const every = values.every ?? '30'
  const everySeconds = Number(every)
  // A longer timer fires at once in Node.
  if (!(everySeconds > 0 && everySeconds <= 86_400)) {
    return mistake(`--every must be a number of seconds, a day at most, and is ${every}.`)
  }
  const account = setting(values.account, 'ACME_ACCOUNT')
  if (account === '') return mistake('--account must not be empty.')
  if (values.all === true && values.account !== undefined) return mistake('Either --account or --all.')
  return {
    kind: 'run',
    name,
    options: {
      account,
      issuer: setting(values.issuer, 'ACME_ISSUER'),
      clientId: setting(values['client-id'], 'ACME_CLIENT_ID'),
      scope: setting(values.scope, 'ACME_SCOPE') ?? 'openid offline_access',
      api: setting(values.api, 'ACME_API'),
      store,
      state: setting(values.state, 'ACME_STATE'),
      path,
      everySeconds,
      device: values.device === true,
      all: values.all === true,
      json: values.json === true,
      debug: values.debug === true,
    },
  }
}

function parse(given: string[]): ReturnType<typeof parseKnown> | Mistake {
  try {
    return parseKnown(given)
  } catch (error) {
    return mistake(`${(error as Error).message.replace(/\.?$/, '.')} See "acme --help".`)
  }
}

function parseKnown(given: string[]) {
  return parseArgs({ args: given, options: known, allowPositionals: true })
}

function understands(name: CommandName, option: string): boolean {
  return specific[option as keyof typeof known]?.includes(name) !== false
}

function takesPath(name: CommandName): boolean {
  return name === 'call' || name === 'watch'
}

function isOneOf<Name extends string>(names: readonly Name[], name: string | undefined): name is Name {
  return names.some((each) => each === name)
}

function listOf(names: readonly string[]): string {
  return `There are ${names.slice(0, -1).join(', ')} and ${names.at(-1)}`
}

function mistake(message: string): Mistake {
  return { kind: 'mistake', message }
}
