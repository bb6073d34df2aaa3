import { redirect } from 'next/navigation'
import { callApi } from '../call-api.ts'
import { currentSession, forgetSession } from '../sessions.ts'

/** Rendered for each request, since it reads the cookie. */
export default async function Page() {
  const session = await currentSession()
  const response = await callApi(session, '/orders')
  if (response.status === 401) return <a href="/sign-in">Sign in</a>
  const { token, error } = (await response.json()) as { token?: number; error?: string }
  return (
    <main>
      <p>Signed in as {session?.claims?.sub}</p>
      <p>{error ?? `Orders, read with access token no. ${token}`}</p>
      <form action={signOut}>
        <button type="submit">Sign out</button>
      </form>
    </main>
  )
}

async function signOut() {
  'use server' // Next refuses calls from other origins.
  await forgetSession()
  redirect('/')
}
