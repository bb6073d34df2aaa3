import type { Session } from '@authchart/core'

/** By which your server says that it rejects the token: a code of its own, from 4000 on. */
const rejected = 4401

/**
 * Opens a WebSocket whose server wants the access token as the first message, and answers when it has judged it. A page
 * cannot set headers for a WebSocket, and a token in the address would be in every log.
 */
export async function openSocket(session: Session, url: string): Promise<WebSocket> {
  const first = await session.getAccessToken()
  const socket = await present(first.value, url)
  if (socket !== undefined) return socket
  // The server rejected that one: this is a newer one, or an error that says why there is none.
  const second = await session.getAccessToken({ newerThan: first.generation })
  const another = await present(second.value, url)
  if (another === undefined) throw new Error('The server rejects new tokens too')
  return another
}

/** The socket, once the server has accepted the token; `undefined` when it has rejected it. */
function present(token: string, url: string): Promise<WebSocket | undefined> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url)
    socket.onopen = () => socket.send(token)
    socket.onmessage = () => resolve(socket)
    socket.onclose = ({ code }) => (code === rejected ? resolve(undefined) : reject(new Error(`Closed with ${code}`)))
  })
}
