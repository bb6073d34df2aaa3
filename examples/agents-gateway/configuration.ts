/** An OAuth provider whose grants the gateway keeps, and the API that they are for. */
export interface Provider {
  readonly name: string
  readonly issuer: string
  readonly clientId: string
  readonly clientSecret?: string
  readonly scope: string
  /** Without a slash at its end. */
  readonly apiUrl: string
}

/** How the gateway runs. Holds secrets: never to be logged. */
export interface Configuration {
  readonly providers: readonly Provider[]
  /** Where browsers reach it: `/callback` below it is registered with the providers. */
  readonly publicUrl: string
  readonly port: number
  /** What agents and operators send as `x-gateway-key`. */
  readonly gatewayKey: string
  /** 32 bytes: they seal the tokens and the cookies of sign-ins. */
  readonly sessionKey: Uint8Array
  /** Absent: the primary process has a PGlite. */
  readonly databaseUrl?: string
  /** PostgreSQL itself, where `databaseUrl` is that of a pooler. */
  readonly databaseDirectUrl?: string
  /** Grants that were unused for this long are refreshed, so that they do not expire unused. */
  readonly keepAliveDays: number
}

/**
 * Reads the settings of a gateway from the environment.
 * @throws Error that names what is missing or malformed, and no value
 */
export function readConfiguration(environment: Readonly<Record<string, string | undefined>>): Configuration {
  const text = (name: string) => {
    const value = environment[name] ?? ''
    if (value === '') throw new Error(`${name} is missing.`)
    return value
  }
  const sessionKey = Buffer.from(text('SESSION_KEY'), 'base64')
  if (sessionKey.length !== 32) throw new Error('SESSION_KEY must be 32 bytes in base64: openssl rand -base64 32')
  const port = Number(environment.PORT ?? 8080)
  if (!Number.isInteger(port)) throw new Error('PORT must be a number.')
  if (!URL.canParse(text('PUBLIC_URL'))) throw new Error('PUBLIC_URL must be a URL.')
  return {
    providers: readProviders(text('PROVIDERS')),
    publicUrl: text('PUBLIC_URL').replace(/\/+$/, ''),
    port,
    gatewayKey: text('GATEWAY_KEY'),
    sessionKey,
    databaseUrl: environment.DATABASE_URL,
    databaseDirectUrl: environment.DATABASE_DIRECT_URL ?? environment.DATABASE_URL,
    keepAliveDays: Number(environment.KEEP_ALIVE_DAYS ?? 30),
  }
}

function readProviders(text: string): Provider[] {
  const wanted = ['name', 'issuer', 'clientId', 'scope', 'apiUrl']
  const providers = parseJson(text)
  const isProvider = (provider: unknown) => wanted.every((name) => typeof Object(provider)[name] === 'string')
  if (Array.isArray(providers) && providers.length > 0 && providers.every(isProvider)) return providers
  throw new Error(`PROVIDERS must be a list in JSON, each with ${wanted.join(', ')} and, if it has one, clientSecret.`)
}

/** The parser's own error would quote the text. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
