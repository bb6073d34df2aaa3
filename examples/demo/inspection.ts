import type { Session } from '@authchart/core'
import { inspectSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { serveViewer } from '@authchart/example-inspector/serve'
import { createWebSocketInspector } from '@statelyai/inspect'

/** A viewer that shows the demo's session. */
export interface Inspection {
  /** The URL to open. */
  readonly url: string
  show(session: Session): void
  close(): Promise<void>
}

/** The URL to open, and an alternative. */
export function describeInspection({ url }: Pick<Inspection, 'url'>): string {
  return [
    `Open ${url} to see the session; what has happened by then is shown too.`,
    'For the hosted Stately inspector instead, give inspectSession the inspector of createBrowserInspector() in a page,',
    'or run createInspectorServer() of @statelyai/inspect/server and send to ws://127.0.0.1:8080.',
    '',
  ].join('\n')
}

/** Serves the viewer on loopback. */
export async function startInspection(): Promise<Inspection> {
  const { url, messagesUrl, close } = await serveViewer()
  return {
    url,
    show(session) {
      inspectSession(session, createWebSocketInspector({ ...sessionInspectorOptions, url: messagesUrl }))
    },
    close,
  }
}
