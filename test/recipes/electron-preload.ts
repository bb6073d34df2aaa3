import type { SessionSnapshot } from '@authchart/core'
import { contextBridge, ipcRenderer } from 'electron'

/** What pages find as `acme`: questions, and never a token. */
contextBridge.exposeInMainWorld('acme', {
  status: (): Promise<SessionSnapshot> => ipcRenderer.invoke('status'),
  signIn: () => ipcRenderer.invoke('signIn'),
  signOut: () => ipcRenderer.invoke('signOut'),
  orders: () => ipcRenderer.invoke('orders'),
  onStatus(listener: (snapshot: SessionSnapshot) => void) {
    ipcRenderer.on('status', (_event, snapshot: SessionSnapshot) => listener(snapshot))
  },
})
