import { useEffect, useState } from 'react'

/** Milliseconds since the epoch, updated each half second while it is needed. */
export function useNow(isOfInterest: boolean): number {
  const [now, setNow] = useState(Date.now)
  useEffect(() => {
    if (!isOfInterest) return
    setNow(Date.now())
    const timer = setInterval(() => setNow(Date.now()), 500)
    return () => clearInterval(timer)
  }, [isOfInterest])
  return now
}
