import { beginAuthorization } from '@authchart/core/oauth'
import { cookies } from 'next/headers'
import { NextResponse } from 'next/server'
import { configuration } from '../../sessions.ts'

/** Leads the browser to the authorization server. */
export async function GET(): Promise<Response> {
  const { server, publicUrl } = configuration()
  const { url, transaction } = await beginAuthorization({
    ...server,
    redirectUri: `${publicUrl}/callback`,
    scope: 'openid offline_access',
  })
  // It is this browser's own sign-in; any process may be the one that it comes back to.
  ;(await cookies()).set('signing-in', JSON.stringify(transaction), {
    httpOnly: true,
    secure: publicUrl.startsWith('https:'),
    sameSite: 'lax',
    path: '/callback',
    maxAge: 600,
  })
  return NextResponse.redirect(url)
}
