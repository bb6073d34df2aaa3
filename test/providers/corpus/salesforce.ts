import { salesforce } from '@authchart/core/providers'
import { newTokens, type ProviderEntry } from '../provider-entry.ts'

export const salesforceEntry: ProviderEntry = {
  name: 'Salesforce',
  usage: '...salesforce',
  preset: salesforce,
  refreshTokens: 'Replaced if the connected app says so; the old one is then invalid.',
  checked: [
    {
      what: 'rotation',
      kind: 'documentation',
      source:
        'https://help.salesforce.com/apex/HTViewHelpDoc?id=remoteaccess_oauth_refresh_token_flow.htm&language=en_US',
    },
    {
      what: 'that the lifetime of an access token is the session timeout, which no answer tells',
      kind: 'documentation',
      source:
        'https://developer.salesforce.com/docs/atlas.en-us.222.0.api_rest.meta/api/intro_understanding_refresh_token_oauth.htm',
    },
  ],
  unchecked: 'the words of errors',
  answers: [
    {
      name: 'new access token',
      source: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_refresh_token_flow.htm',
      body: {
        access_token: newTokens.access_token,
        id: 'https://login.salesforce.com/id/1/2',
        issued_at: '1278448384422',
        instance_url: 'https://acme.my.salesforce.com',
        signature: 'c2lnbmVk',
        scope: 'refresh_token api',
        token_type: 'Bearer',
      },
      means: 'issued',
    },
    {
      name: 'expired or revoked',
      source: 'https://github.com/restforce/restforce/issues/81',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'expired access/refresh token' },
      means: 'dead',
    },
    {
      name: 'the organization is locked',
      source: 'https://github.com/calcom/cal.diy/pull/11508',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'inactive organization' },
      means: 'dead',
    },
    {
      name: 'another refresh is under way',
      source: 'https://github.com/segmentio/action-destinations/pull/2300',
      status: 400,
      body: { error: 'invalid_grant', error_description: 'token request is already being processed' },
      means: 'passing',
    },
    {
      name: 'to be asked again',
      source: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm',
      status: 400,
      body: { error: 'unknown_error', error_description: 'retry your request' },
      means: 'passing',
    },
    {
      name: 'an unknown client',
      source: 'https://help.salesforce.com/s/articleView?id=xcloud.remoteaccess_oauth_flow_errors.htm',
      status: 400,
      body: { error: 'invalid_client_id', error_description: 'client identifier invalid' },
      means: 'client',
    },
  ],
}
