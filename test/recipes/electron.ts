import { createSession, type Environment } from '@authchart/core'
import { createFetch } from '@authchart/core/fetch'
import { refreshTokenGrant } from '@authchart/core/oauth'
import { keyringStore } from '@authchart/node-store/keyring'
import { signInByLoopback } from '@authchart/node-store/loopback'
import { app, BrowserWindow, ipcMain, net, powerMonitor } from 'electron'

const server = { issuer: 'https://login.acme.example', clientId: 'acme-desktop' }
const apiOrigin = 'https://api.acme.example'

const environment: Environment = {
  isOnline: () => net.isOnline(),
  subscribe(listener) {
    const goOn = () => listener('resumed')
    powerMonitor.on('resume', goOn)
    return () => powerMonitor.off('resume', goOn)
  },
}

await app.whenReady() // Before that there is no power monitor.
const store = keyringStore({ service: 'acme' })
const grant = refreshTokenGrant(server)
const session = createSession({ key: 'acme', store, grant, allowedOrigins: [apiOrigin], runtime: { environment } })

answer('status', () => session.getSnapshot())
answer('signIn', () => signInByLoopback(session, { ...server, scope: 'openid offline_access' }))
answer('signOut', async () => void (await session.signOut()))
answer('orders', async () => (await createFetch(session)(`${apiOrigin}/orders`)).json())
session.subscribe((snapshot) => {
  for (const { webContents } of BrowserWindow.getAllWindows()) webContents.send('status', snapshot)
})
app.once('will-quit', (event) => {
  event.preventDefault() // A refresh under way is stored first.
  void session.close().finally(() => app.exit())
})

/** Answers the app's own pages, and nothing that a frame has loaded from elsewhere. */
function answer(question: string, reply: () => unknown): void {
  ipcMain.handle(question, ({ senderFrame }) => (senderFrame?.url.startsWith('app://acme/') ? reply() : undefined))
}
