/** What the person says to the device that wants to be signed in. */
export interface DeviceAnswer {
  readonly approve: boolean
}

/**
 * Types a user code into the server's page as a person would, and agrees or not.
 * @throws when the server answers anything but the next page
 * @see RFC 8628, section 3.3
 */
export async function answerDevice(issuer: string, userCode: string, answer: DeviceAnswer): Promise<void> {
  const browser = createBrowser()
  const page = new URL('/device', issuer)
  const form = await browser.open(page)
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(form)?.[1]
  if (xsrf === undefined) throw new Error('The page has no form for a user code')
  const entered = { xsrf, user_code: userCode }
  await browser.open(page, answer.approve ? entered : { ...entered, abort: 'yes' })
  if (!answer.approve) return
  const last = await browser.open(page, { ...entered, confirm: 'yes' })
  if (last !== 'Signed in') throw new Error(`The server does not say that the device is signed in: ${last}`)
}

/** Follows redirects with cookies; gives the text of the page where they end. */
function createBrowser() {
  const cookies = new Map<string, string>()

  async function load(url: URL, form?: Record<string, string>): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: new URLSearchParams(form) }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    return response
  }

  async function open(start: URL, form?: Record<string, string>): Promise<string> {
    let url = start
    let response = await load(url, form)
    for (let hop = 0; hop < 10; hop += 1) {
      const location = response.headers.get('location')
      const text = await response.text()
      if (location === null) return text
      url = new URL(location, url)
      response = await load(url)
    }
    throw new Error('The page redirects without end')
  }

  return { open }
}
