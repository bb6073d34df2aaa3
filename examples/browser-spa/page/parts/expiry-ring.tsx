import type { SessionSnapshot } from '@authchart/core'
import { useRef } from 'react'
import { useNow } from '../use-now.ts'

const circumference = 2 * Math.PI * 42

/** How long the access token still lives. For the eye only: the facts say the same. */
export function ExpiryRing({ snapshot }: { snapshot: SessionSnapshot }) {
  const { generation, usable } = snapshot
  const expiresAt = usable ? snapshot.expiresAt : undefined
  const now = useNow(expiresAt !== undefined)
  // A page that opens in the middle of a token's life takes the rest for the whole.
  const whole = useRef({ generation: 0, milliseconds: 1 })
  const left = Math.max((expiresAt ?? now) - now, 0)
  if (whole.current.generation !== generation) whole.current = { generation, milliseconds: Math.max(left, 1) }
  const part = Math.min(left / whole.current.milliseconds, 1)

  return (
    <svg className="ring" viewBox="0 0 100 100" aria-hidden="true">
      <circle className="track" cx="50" cy="50" r="42" />
      <circle
        className="rest"
        cx="50"
        cy="50"
        r="42"
        strokeDasharray={circumference}
        strokeDashoffset={circumference * (1 - part)}
      />
      <text x="50" y="50">
        {expiresAt === undefined ? '–' : `${Math.round(left / 1000)} s`}
      </text>
    </svg>
  )
}
