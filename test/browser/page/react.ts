/** A page whose React has been rendered on a server, and that hydrates it in StrictMode, with sessions of tests. */
import { useClaims, useSession } from '@authchart/core/react'
import { createFakeSession, type FakeSession } from '@authchart/core/testing'
import { createElement, StrictMode, useState } from 'react'
import { hydrateRoot } from 'react-dom/client'
import { renderToString } from 'react-dom/server'

/** What the test finds in the page as `react`. */
export interface ReactPage {
  readonly session: FakeSession
  /** What the server rendered. */
  readonly html: string
  /** What React says when a page is not what the server rendered. */
  readonly complaints: readonly string[]
  /** How often the component was rendered. */
  readonly renders: () => number
  /** What hot reload does: the component gets another session. */
  replaceSession(options: { sub: string }): Promise<void>
}

declare global {
  var react: ReactPage
}

const session = await createFakeSession({ claims: { sub: 'alice' } })
const complaints: string[] = []
let renders = 0
let replace: (session: FakeSession) => void = () => {}

function Page() {
  renders += 1
  const [current, setCurrent] = useState(session)
  replace = setCurrent
  const { status, reason } = useSession(current)
  const subject = useClaims(current)?.sub
  return createElement('p', null, [status, reason, subject].filter(Boolean).join(' '))
}

const tree = createElement(StrictMode, null, createElement(Page))
const html = renderToString(tree)
const root = document.createElement('main')
root.innerHTML = html
document.body.append(root)
hydrateRoot(root, tree, { onRecoverableError: (error) => complaints.push(String(error)) })

globalThis.react = {
  session,
  html,
  complaints,
  renders: () => renders,
  async replaceSession(claims) {
    replace(await createFakeSession({ claims }))
  },
}
