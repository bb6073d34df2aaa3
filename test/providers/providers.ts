import { atlassianEntry } from './corpus/atlassian.ts'
import { auth0Entry } from './corpus/auth0.ts'
import { boxEntry } from './corpus/box.ts'
import { cognitoEntry } from './corpus/cognito.ts'
import { dropboxEntry } from './corpus/dropbox.ts'
import { entraEntry } from './corpus/entra.ts'
import { fitbitEntry } from './corpus/fitbit.ts'
import { githubEntry } from './corpus/github.ts'
import { googleEntry } from './corpus/google.ts'
import { hubspotEntry } from './corpus/hubspot.ts'
import { keycloakEntry } from './corpus/keycloak.ts'
import { linkedinEntry } from './corpus/linkedin.ts'
import { notionEntry } from './corpus/notion.ts'
import { oktaEntry } from './corpus/okta.ts'
import { quickbooksEntry } from './corpus/quickbooks.ts'
import { salesforceEntry } from './corpus/salesforce.ts'
import { shopifyEntry } from './corpus/shopify.ts'
import { slackEntry } from './corpus/slack.ts'
import { spotifyEntry } from './corpus/spotify.ts'
import { squareEntry } from './corpus/square.ts'
import { stravaEntry } from './corpus/strava.ts'
import { supabaseEntry } from './corpus/supabase.ts'
import { twitchEntry } from './corpus/twitch.ts'
import { xEntry } from './corpus/x.ts'
import { xeroEntry } from './corpus/xero.ts'
import { zohoEntry } from './corpus/zoho.ts'
import { zoomEntry } from './corpus/zoom.ts'
import type { ProviderEntry } from './provider-entry.ts'

/** Every provider that has a preset, with what its token endpoint answers. */
export const providers: readonly ProviderEntry[] = [
  googleEntry,
  entraEntry,
  githubEntry,
  slackEntry,
  atlassianEntry,
  hubspotEntry,
  salesforceEntry,
  zohoEntry,
  zoomEntry,
  quickbooksEntry,
  xEntry,
  linkedinEntry,
  dropboxEntry,
  spotifyEntry,
  cognitoEntry,
  oktaEntry,
  auth0Entry,
  keycloakEntry,
  notionEntry,
  squareEntry,
  stravaEntry,
  fitbitEntry,
  twitchEntry,
  shopifyEntry,
  boxEntry,
  xeroEntry,
  supabaseEntry,
]
