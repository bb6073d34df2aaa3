import type { Fetch } from '@authchart/core/oauth'

/** The platform's fetch, through which a server publishes these members besides its own, or without them (`undefined`). */
export function publishing(changes: Readonly<Record<string, unknown>>): Fetch {
  return async (url, init) => {
    const response = await fetch(url, init)
    if (!url.includes('/.well-known/') || !response.ok) return response
    return Response.json({ ...((await response.json()) as object), ...changes })
  }
}
