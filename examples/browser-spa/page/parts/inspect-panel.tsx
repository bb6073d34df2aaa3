import type { Session } from '@authchart/core'
import { useEffect, useRef, useState } from 'react'

/** The session's chart, in the project's own viewer. */
export function InspectPanel({ session }: { session: Session }) {
  const frame = useRef<HTMLIFrameElement>(null)
  const [error, setError] = useState<string>()
  useEffect(() => {
    const leaving = new AbortController()
    const { signal } = leaving
    // Loaded only here: an app that is not inspected pays nothing for it.
    import('../inspect.ts')
      .then(({ showInFrame }) => showInFrame(session, { frame: frame.current, signal }))
      .catch((reason: Error) => setError(reason.message))
    return () => leaving.abort()
  }, [session])
  return (
    <section className="chart" aria-labelledby="chart-heading">
      <h2 id="chart-heading">Chart</h2>
      <p>
        The session as it goes, in a viewer of this example. For the hosted{' '}
        <a href="https://stately.ai/docs/inspector">Stately inspector</a> instead, leave out <code>url</code> and{' '}
        <code>iframe</code> of <code>createBrowserInspector</code>, in a click: it opens a window. Neither is shown a
        secret.
      </p>
      <p className="problem" role="alert">
        {error}
      </p>
      <iframe ref={frame} title="The chart of the session" />
    </section>
  )
}
