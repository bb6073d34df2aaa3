import { useEffect, useState, useSyncExternalStore } from 'react'
import { readOutage, revokeGrant, setOutage } from '../ask-stage-hands.ts'
import { isPlugPulled, pullPlug, subscribeToPlug } from '../plug.ts'

/** Buttons that make things go wrong. */
export function TroublePanel() {
  const [isOut, setIsOut] = useState(false)
  const [told, setTold] = useState('')
  const isPulled = useSyncExternalStore(subscribeToPlug, isPlugPulled)

  useEffect(() => {
    readOutage().then(setIsOut, () => {})
  }, [])

  async function revoke() {
    await revokeGrant()
    setTold('The grant is revoked. The session learns of it by its next call or refresh.')
  }

  return (
    <section aria-labelledby="trouble-heading">
      <h2 id="trouble-heading">Trouble</h2>
      <p>What happens to sessions. Refreshes come by themselves, as long as the page is seen.</p>
      <div className="actions">
        <button type="button" onClick={() => void revoke()}>
          Revoke the grant
        </button>
        <button type="button" aria-pressed={isOut} onClick={() => void setOutage(!isOut).then(setIsOut)}>
          Outage
        </button>
        <button type="button" aria-pressed={isPulled} onClick={() => pullPlug(!isPulled)}>
          Offline
        </button>
      </div>
      <p className="visually-hidden" role="status">
        {told}
      </p>
      <dl className="explained">
        <div>
          <dt>Revoke</dt>
          <dd>ends the sign-in at the authorization server, as a user or an operator might elsewhere.</dd>
        </div>
        <div>
          <dt>Outage</dt>
          <dd>takes the authorization server down for all tabs, until you press it again. The API stays up.</dd>
        </div>
        <div>
          <dt>Offline</dt>
          <dd>
            is for this page alone: its session hears that there is no network, and its requests fail. The browser stays
            online; the developer tools take it off.
          </dd>
        </div>
      </dl>
    </section>
  )
}
