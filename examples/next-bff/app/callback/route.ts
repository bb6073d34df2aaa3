import { isSignInError } from '@authchart/core'
import { completeAuthorization } from '@authchart/core/oauth'
import { cookies } from 'next/headers'
import { type NextRequest, NextResponse } from 'next/server'
import { configuration, newSession } from '../../sessions.ts'

/** The way back from there. */
export async function GET(request: NextRequest): Promise<Response> {
  const { server, publicUrl } = configuration()
  const jar = await cookies()
  const transaction = jar.get('signing-in')?.value
  jar.delete({ name: 'signing-in', path: '/callback' })
  if (transaction === undefined) return new Response('No sign-in was begun in this browser.', { status: 400 })
  try {
    const callback = `${publicUrl}/callback${request.nextUrl.search}`
    const tokens = await completeAuthorization(JSON.parse(transaction), callback, server)
    await (await newSession()).signIn(tokens)
  } catch (error) {
    if (!isSignInError(error)) throw error
    return new Response(`The sign-in failed: ${error.code}.`, { status: 400 })
  }
  return NextResponse.redirect(`${publicUrl}/`)
}
