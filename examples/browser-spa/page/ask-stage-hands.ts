/** Asks the servers behind the page to make trouble. Your own app has nothing like this. */

/** The addresses of the app's servers. */
export interface Configuration {
  readonly issuer: string
  readonly clientId: string
  readonly apiOrigin: string
}

export const readConfiguration = () => ask<Configuration>('GET', '/stage/configuration')

/** Whether the authorization server is down. */
export const readOutage = async () => (await ask<{ isOut: boolean }>('GET', '/stage/outage')).isOut

/** Takes the authorization server down, or brings it back. */
export const setOutage = async (begins: boolean) =>
  (await ask<{ isOut: boolean }>('POST', `/stage/outage/${begins ? 'begin' : 'end'}`)).isOut

/** Revokes the grant at the authorization server, as its operator or the user could elsewhere. */
export const revokeGrant = () => ask('POST', '/stage/revoke')

/** Serves the viewer of charts, and returns its URL. */
export const startViewer = async () => (await ask<{ url: string }>('POST', '/stage/viewer')).url

async function ask<Answer>(method: 'GET' | 'POST', path: string): Promise<Answer> {
  const response = await fetch(path, { method })
  if (!response.ok) throw new Error(`${method} ${path} was answered with ${response.status}.`)
  return (await response.json()) as Answer
}
