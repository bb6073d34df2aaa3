/** How the service runs. It holds secrets: never log it. */
export interface Configuration {
  readonly issuer: string
  /** Without a slash at the end. */
  readonly upstreamUrl: string
  readonly service: { readonly clientId: string; readonly clientSecret: string; readonly scope: string | undefined }
  readonly user: { readonly clientId: string; readonly scope: string }
  readonly sessionDirectory: string
  /** 32 bytes. */
  readonly sessionKey: Uint8Array
  readonly host: string
  readonly port: number
  /** The names by which the service may be called, without ports; `undefined`: any. */
  readonly allowedHosts: readonly string[] | undefined
  /** How long requests, and then refreshes, may take to end after SIGTERM. */
  readonly stopMilliseconds: number
}

/** The settings in the environment. */
export type ReadConfiguration =
  | { readonly kind: 'complete'; readonly configuration: Configuration }
  /** None of the needed settings is there. */
  | { readonly kind: 'none' }
  /** One sentence each, without values. */
  | { readonly kind: 'mistakes'; readonly mistakes: readonly string[] }

type Environment = Readonly<Record<string, string | undefined>>

const needed = [
  'ISSUER',
  'UPSTREAM_URL',
  'SERVICE_CLIENT_ID',
  'SERVICE_CLIENT_SECRET',
  'USER_CLIENT_ID',
  'SESSION_DIRECTORY',
  'SESSION_KEY',
] as const

/** Reads the service's settings from environment variables. */
export function readConfiguration(environment: Environment): ReadConfiguration {
  const text = (name: string) => environment[name] ?? ''
  const missing = needed.filter((name) => text(name) === '')
  if (missing.length === needed.length) return { kind: 'none' }
  const port = readNumber(environment.PORT, 8080)
  const stopSeconds = readNumber(environment.STOP_SECONDS, 10)
  const sessionKey = Buffer.from(text('SESSION_KEY'), 'base64')
  const mistakes = [
    ...missing.map((name) => `${name} is missing.`),
    ...findMistakes({ text, port, stopSeconds, sessionKey }),
  ]
  if (mistakes.length > 0) return { kind: 'mistakes', mistakes }
  const { HOST: host = '127.0.0.1' } = environment
  const configuration: Configuration = {
    issuer: text('ISSUER'),
    upstreamUrl: text('UPSTREAM_URL').replace(/\/+$/, ''),
    service: {
      clientId: text('SERVICE_CLIENT_ID'),
      clientSecret: text('SERVICE_CLIENT_SECRET'),
      scope: environment.SERVICE_SCOPE,
    },
    user: { clientId: text('USER_CLIENT_ID'), scope: environment.USER_SCOPE ?? 'openid offline_access' },
    sessionDirectory: text('SESSION_DIRECTORY'),
    sessionKey,
    host,
    port,
    allowedHosts: environment.ALLOWED_HOSTS?.split(/[\s,]+/) ?? (isLoopback(host) ? loopbackNames : undefined),
    stopMilliseconds: stopSeconds * 1000,
  }
  return { kind: 'complete', configuration }
}

const loopbackNames = ['127.0.0.1', 'localhost', '[::1]']

function isLoopback(host: string): boolean {
  return host === '::1' || loopbackNames.includes(host)
}

interface Values {
  readonly text: (name: string) => string
  readonly port: number
  readonly stopSeconds: number
  readonly sessionKey: Uint8Array
}

function findMistakes({ text, port, stopSeconds, sessionKey }: Values): string[] {
  const mistakes: string[] = []
  for (const name of ['ISSUER', 'UPSTREAM_URL']) {
    if (text(name) !== '' && !URL.canParse(text(name))) mistakes.push(`${name} is not a URL.`)
  }
  // The path and query of a request are appended to it.
  if (/[?#]/.test(text('UPSTREAM_URL'))) mistakes.push('UPSTREAM_URL must have neither query nor fragment.')
  if (text('SESSION_KEY') !== '' && sessionKey.length !== 32) {
    mistakes.push('SESSION_KEY must be 32 bytes in base64: openssl rand -base64 32')
  }
  if (!Number.isInteger(port) || port > 65_535) mistakes.push('PORT must be a number up to 65535.')
  if (Number.isNaN(stopSeconds)) mistakes.push('STOP_SECONDS must be a number.')
  return mistakes
}

/** NaN unless it is a number of zero or more. */
function readNumber(text: string | undefined, defaultValue: number): number {
  if (text === undefined || text === '') return defaultValue
  return /^\d+(\.\d+)?$/.test(text) ? Number(text) : Number.NaN
}
