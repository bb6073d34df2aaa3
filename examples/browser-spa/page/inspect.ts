import type { Session } from '@authchart/core'
import { inspectSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { createBrowserInspector } from '@statelyai/inspect'
import { startViewer } from './ask-stage-hands.ts'

/** Shows a session in a viewer that is served by the example and loaded into a frame. */
export async function showInFrame(
  session: Session,
  { frame, signal }: { frame: HTMLIFrameElement | null; signal: AbortSignal },
): Promise<void> {
  const url = await startViewer()
  if (frame === null || signal.aborted) return
  // The inspector knows its frame from `load` on, but lets go of what was sent before as soon as the viewer reports,
  // which is earlier (@statelyai/inspect 0.7.2, `BrowserAdapter.start`). So nothing is sent before that, and we listen
  // after it.
  const inspector = createBrowserInspector({ ...sessionInspectorOptions, url, iframe: frame })
  frame.addEventListener('load', connect, { signal })
  let disconnect = () => {}
  signal.addEventListener('abort', () => disconnect())

  function connect() {
    disconnect()
    disconnect = inspectSession(session, inspector, { stopInspector: false })
  }
}
