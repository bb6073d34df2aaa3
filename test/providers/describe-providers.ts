import type { ProviderPreset } from '@authchart/core/providers'
import { checkedOn, type ProviderAnswer, type ProviderEntry } from './provider-entry.ts'

const introduction = `# Providers

Authorization servers stray from the RFCs in their own ways. What many do is in the general rules (see
[the architecture](architecture.md#what-a-failure-means)); what only one does is in a *preset*: a plain object of
\`@authchart/core/providers\`, to be spread into the options of the grant, of signing in and of signing out. What you set
after the spread counts. Import only the ones you use: the others are not bundled.

\`\`\`ts
import { refreshTokenGrant } from '@authchart/core/oauth'
import { salesforce } from '@authchart/core/providers'

const grant = refreshTokenGrant({ ...salesforce, clientId, clientSecret })
\`\`\`

For a provider that is not here, or a word that means something else at yours, give the session a \`classifyFailure\`: it
is asked before the preset's.

This page is written by \`pnpm write:providers\` from the presets and from the answers in \`test/providers/corpus\`, each of
which a test plays through a real socket to a session with and without the preset. No provider was called.

What is said here was collected from documentation, bug reports and articles. On ${checkedOn} a part of it was compared with
stored copies of sources, which may be older than what the provider says today: each provider lists what was compared with
which source, and what was not checked. The sources of answers are where their words come from; a date beside one says
that the words were seen there that day.
`

const meanings: Readonly<Record<ProviderAnswer['means'], string>> = {
  issued: 'new tokens',
  dead: 'the session ends: sign in again',
  client: 'the session ends as `clientRejected`: for you',
  passing: 'the session lives',
  throttled: 'the session lives',
}

/** The page of the docs about all providers. */
export function describeProviders(providers: readonly ProviderEntry[]): string {
  const rows = providers.map(
    ({ name, usage, refreshTokens, answers }) =>
      `| [${name}](#${anchorOf(name)}) | \`${usage}\` | ${refreshTokens} | ${answers.length} |`,
  )
  const table = ['| provider | preset | its refresh tokens | answers |', '|---|---|---|---|', ...rows].join('\n')
  return `${introduction}\n${table}\n\n${providers.map(describeProvider).join('\n')}`
}

function describeProvider({ name, usage, preset, leftOut, answers, ...facts }: ProviderEntry): string {
  const needs = describePreset(preset)
  const lines = [
    `## ${name}`,
    '',
    `\`${usage}\`${needs.length === 0 ? ' needs nothing: it follows the RFCs.' : ':'}`,
    ...(needs.length === 0 ? [] : ['', ...needs.map((need) => `- ${need}`)]),
    '',
    ...describeChecks(facts),
    ...(leftOut === undefined ? [] : ['', `Left out, for want of a source: ${leftOut}`]),
    '',
    '| answer | status | with the preset | source | seen there |',
    '|---|---|---|---|---|',
    ...answers.map(describeAnswer),
    '',
  ]
  return lines.join('\n')
}

function describeChecks({
  refreshTokens,
  checked,
  unchecked,
}: Pick<ProviderEntry, 'refreshTokens' | 'checked' | 'unchecked'>): string[] {
  const items = checked.map(({ what, kind, source }) => `- ${what} ([${kind}, ${new URL(source).host}](${source}))`)
  return [
    `Refresh tokens: ${refreshTokens}`,
    '',
    ...(items.length === 0 ? [] : [`Compared on ${checkedOn} with a stored copy:`, '', ...items, '']),
    `Not checked: ${unchecked}.`,
  ]
}

function describeAnswer({ name, status = 200, means, source, readAgain }: ProviderAnswer): string {
  const seen = readAgain === true ? checkedOn : 'not checked'
  return `| ${name} | ${status} | ${meanings[means]} | [${new URL(source).host}](${source}) | ${seen} |`
}

function describePreset(preset: ProviderPreset): string[] {
  const { issuer, metadata = {}, keepMembers, provider = {} } = preset
  const { authorizationParameters, tokenParameters, http } = provider
  const hasEndpoints = Object.keys(metadata).some((member) => member.endsWith('_endpoint'))
  const needs = [
    issuer !== undefined && `names the issuer \`${issuer}\`${hasEndpoints ? ' and its endpoints' : ''}`,
    'token_endpoint_auth_methods_supported' in metadata && 'puts the client secret into the body',
    provider.refusesCodeVerifier && 'signs in without PKCE where there is a client secret',
    preset.idTokens?.acceptWithoutNonce && 'takes id tokens without a nonce',
    preset.tokenRequestFormat === 'json' && 'sends token requests as JSON',
    authorizationParameters && `asks for authorization with ${listOf(authorizationParameters)}`,
    tokenParameters && `asks for tokens with ${listOf(tokenParameters)}`,
    keepMembers && `keeps ${keepMembers.map((member) => `\`${member}\``).join(', ')} in \`session.details\``,
    provider.classifyFailure && 'knows words of its own',
    provider.logoutRedirectParameter && `names where to go after a sign-out in \`${provider.logoutRedirectParameter}\``,
    http?.header && `sends access tokens in \`${http.header}\``,
    http?.scheme && `sends access tokens with the scheme \`${http.scheme}\``,
    http?.isRejected && 'sees that the API rejects a token under 200',
    provider.refreshTokenAdvice && `says where no refresh token comes: ${provider.refreshTokenAdvice}`,
  ]
  return needs.filter((need) => typeof need === 'string' && need !== '') as string[]
}

function listOf(parameters: Readonly<Record<string, string>>): string {
  return Object.entries(parameters)
    .map(([name, value]) => `\`${name}=${value}\``)
    .join(', ')
}

/** As GitHub makes it. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, '')
    .replace(/\s/g, '-')
}
