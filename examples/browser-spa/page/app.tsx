import { useEffect, useState } from 'react'
import { CallPanel } from './parts/call-panel.tsx'
import { InspectPanel } from './parts/inspect-panel.tsx'
import { NoticePanel } from './parts/notice-panel.tsx'
import { SessionPanel } from './parts/session-panel.tsx'
import { TroublePanel } from './parts/trouble-panel.tsx'
import { arrive, session } from './session.ts'

/** The page. */
export function App() {
  const { error, isInspected } = useArrival()
  return (
    <>
      <header>
        <h1>authchart in a page</h1>
        <p>One session for all tabs: kept alive, or told why not.</p>
      </header>
      <main>
        <SessionPanel arrivalError={error} />
        {isInspected && <InspectPanel session={session} />}
        <CallPanel />
        <TroublePanel />
        <NoticePanel />
      </main>
      <footer>
        {isInspected ? <a href="/">Hide the chart</a> : <a href="/?inspect">Show the chart as it goes</a>}
      </footer>
    </>
  )
}

/** Completes a sign-in, if one loaded the page. Returns why that failed, and what the address asks for. */
function useArrival(): { readonly error: string | undefined; readonly isInspected: boolean } {
  const [error, setError] = useState<string>()
  const [isInspected, setIsInspected] = useState(false)
  useEffect(() => {
    // StrictMode calls this twice; there is still one exchange. Afterwards the address is what it was before.
    arrive()
      .catch((reason: Error) => setError(reason.message))
      .finally(() => setIsInspected(new URLSearchParams(location.search).has('inspect')))
  }, [])
  return { error, isInspected }
}
