/** A browser as far as signing in needs one: it keeps cookies and follows redirects. Pages it does not show. */
export interface Browser {
  /**
   * Follows redirects from a URL to the first one that begins with `until`, which is not visited.
   * @throws when a page comes instead
   */
  visit(url: string | URL, options: { until: string; form?: URLSearchParams }): Promise<URL>
  /** Follows redirects from a URL to a page. */
  open(url: string | URL): Promise<Response>
}

const mostRedirects = 10

/** A browser without a cookie. It knows one server only, whatever its paths are. */
export function createBrowser(): Browser {
  const cookies = new Map<string, string>()

  async function request(url: URL, form?: URLSearchParams): Promise<Response> {
    const response = await fetch(url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(form === undefined ? {} : { method: 'POST', body: form }),
    })
    for (const cookie of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
      if (name !== undefined && value !== undefined) cookies.set(name, value)
    }
    return response
  }

  return {
    async visit(start, { until, form }) {
      let url = new URL(start)
      for (let hop = 0; hop < mostRedirects; hop += 1) {
        const response = await request(url, hop === 0 ? form : undefined)
        await response.arrayBuffer()
        const location = response.headers.get('location')
        if (location === null) throw new Error(`The way ended at ${url.pathname}: ${response.status}`)
        url = new URL(location, url)
        if (url.href.startsWith(until)) return url
      }
      throw new Error(`After ${mostRedirects} redirects still not at ${until}`)
    },

    async open(start) {
      let url = new URL(start)
      for (let hop = 0; hop < mostRedirects; hop += 1) {
        const response = await request(url)
        const location = response.headers.get('location')
        if (location === null) return response
        await response.arrayBuffer()
        url = new URL(location, url)
      }
      throw new Error(`After ${mostRedirects} redirects still no page`)
    },
  }
}
