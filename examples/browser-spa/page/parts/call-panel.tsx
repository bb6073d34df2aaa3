import { useState } from 'react'
import { type CallResult, callApi } from '../api.ts'
import { useLastOutcome } from '../use-last-outcome.ts'

const mostShown = 6

/** Calls of the API, and their results. */
export function CallPanel() {
  const [calls, setCalls] = useState<readonly (CallResult & { readonly number: number })[]>([])
  const [started, setStarted] = useState(0)
  const lastOutcome = useLastOutcome()
  const last = calls[0]

  async function call() {
    const number = started + 1
    setStarted(number)
    const result = await callApi()
    setCalls((earlier) => [{ ...result, number }, ...earlier].slice(0, mostShown))
  }

  return (
    <section aria-labelledby="calls-heading">
      <h2 id="calls-heading">Calls</h2>
      <p>
        <code>GET /orders</code> by ky, with the token that is good just then.
      </p>
      <div className="actions">
        <button type="button" className="primary" onClick={() => void call()}>
          Call the API
        </button>
      </div>
      <p className="visually-hidden" role="status">
        {last && `Call ${last.number}: ${last.text}`}
      </p>
      {calls.length === 0 ? (
        <p className="empty">No calls yet.</p>
      ) : (
        <ol className="log" aria-label="Last outcomes" reversed start={last?.number}>
          {calls.map(({ number, succeeded, text }) => (
            <li key={number} data-tone={succeeded ? 'good' : 'bad'}>
              <span className="number">{number}</span> {text}
            </li>
          ))}
        </ol>
      )}
      <p className="aside">
        Last outcome that the chart was told:{' '}
        {lastOutcome === undefined ? 'none' : <code>{describeOutcome(lastOutcome)}</code>}
      </p>
    </section>
  )
}

function describeOutcome({ outcome, status, generation }: NonNullable<ReturnType<typeof useLastOutcome>>): string {
  return `${outcome}${status === undefined ? '' : ` (${status})`}, generation ${generation}`
}
