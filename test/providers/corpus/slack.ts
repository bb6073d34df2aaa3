import { slack } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const slackEntry: ProviderEntry = {
  name: 'Slack',
  usage: '...slack',
  preset: slack,
  refreshTokens: 'No end is told. Replaced; the old one is revoked.',
  leftOut: 'Which of the API’s other errors under 200 a refresh would mend: only `token_expired` is sure.',
  checked: [
    {
      what: 'rotation; access tokens of 12 hours',
      kind: 'documentation',
      source: 'https://docs.slack.dev/authentication/using-token-rotation',
    },
    {
      what: 'the words `bad_client_secret`, `invalid_client_id`, `internal_error` and `fatal_error`',
      kind: 'documentation',
      source: 'https://api.slack.com/methods/oauth.v2.exchange',
    },
    {
      what: 'the token endpoint, and that it takes the client secret as Basic',
      kind: 'documentation',
      source: 'https://api.slack.com/methods/oauth.v2.access',
    },
    {
      what: 'the word `invalid_refresh_token`',
      kind: 'third party',
      source: 'https://hex.pm/packages/slack_kit/1.0.0-alpha.0/files/priv/docs/methods/tooling.tokens.rotate.json',
    },
    {
      what: 'a `code_verifier` beside a client secret is answered with `internal_error`; without both parts of PKCE it works',
      kind: 'public issue',
      source: 'https://github.com/paradigmxyz/centaur/pull/1101',
    },
  ],
  unchecked: 'the word `token_expired` of the API; `ratelimited` under 200',
  answers: [
    {
      name: 'new tokens of a bot',
      source: 'https://docs.slack.dev/authentication/using-token-rotation',
      body: {
        ...newTokens,
        ok: true,
        app_id: 'A1',
        expires_in: 43200,
        token_type: 'bot',
        team: { id: 'T1', name: 'Acme' },
      },
      means: 'issued',
    },
    {
      name: 'replaced before',
      source: 'https://github.com/CogniQ/CogniQ/issues/72',
      body: { ok: false, error: 'invalid_refresh_token' },
      means: 'dead',
    },
    {
      name: 'a wrong client secret',
      readAgain: true,
      source: 'https://api.slack.com/methods/oauth.v2.exchange',
      body: { ok: false, error: 'bad_client_secret' },
      means: 'client',
    },
    {
      name: 'a fault of its own',
      readAgain: true,
      source: 'https://api.slack.com/methods/oauth.v2.exchange',
      body: { ok: false, error: 'internal_error' },
      means: 'passing',
    },
    {
      name: 'a fault that it calls fatal',
      readAgain: true,
      source: 'https://api.slack.com/methods/oauth.v2.exchange',
      body: { ok: false, error: 'fatal_error' },
      means: 'passing',
    },
    {
      name: 'too many requests',
      source: 'https://docs.slack.dev/apis/web-api/rate-limits',
      status: 429,
      headers: { 'retry-after': '30' },
      body: { ok: false, error: 'ratelimited' },
      means: 'throttled',
    },
    {
      name: 'too many requests, under 200',
      source: 'https://api.slack.com/methods/oauth.v2.exchange',
      body: { ok: false, error: 'ratelimited' },
      means: 'throttled',
    },
  ],
}
