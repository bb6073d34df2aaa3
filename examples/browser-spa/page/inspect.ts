import type { Session } from '@authchart/core'
import { inspectSession, sessionInspectorOptions } from '@authchart/core/inspect'
import { createBrowserInspector } from '@statelyai/inspect'
import { startViewer } from './ask-stage-hands.ts'

/** Shows a session in the example's viewer, in a frame. */
export async function showInFrame(
  session: Session,
  { frame, signal }: { frame: HTMLIFrameElement | null; signal: AbortSignal },
): Promise<void> {
  const url = await startViewer()
  if (frame === null || signal.aborted) return
  // The inspector knows its frame from `load` on, but drops what was sent before once the viewer reports, which is earlier
  // (@statelyai/inspect 0.7.2, `BrowserAdapter.start`). So send nothing before that, and listen after it.
  const inspector = createBrowserInspector({ ...sessionInspectorOptions, url, iframe: frame })
  frame.addEventListener('load', connect, { signal })
  let disconnect = () => {}
  signal.addEventListener('abort', () => disconnect())

  function connect() {
    disconnect()
    disconnect = inspectSession(session, inspector, { stopInspector: false })
  }
}
