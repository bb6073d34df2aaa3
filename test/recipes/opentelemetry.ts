import type { Session, SessionNotice } from '@authchart/core'
import { type Span, SpanStatusCode, type Tracer } from '@opentelemetry/api'

/** A span for each time a token could not be refreshed: from the first failure to the recovery, or to the end. */
export function traceSession(session: Session, tracer: Tracer): () => void {
  let trouble: Span | undefined
  return session.on('*', (notice) => {
    if (notice.type === 'refreshFailed' || notice.type === 'ended') {
      trouble ??= tracer.startSpan('session.trouble', { attributes: { 'session.key': session.key } })
    }
    trouble?.addEvent(notice.type, describe(notice))
    if (notice.type === 'ended') trouble?.setStatus({ code: SpanStatusCode.ERROR, message: notice.reason })
    if (notice.type !== 'ended' && notice.type !== 'recovered') return
    trouble?.end()
    trouble = undefined
  })
}

/** Notices hold no secret: all of them may be traced. */
function describe(notice: SessionNotice): Record<string, string | number> {
  const facts = Object.entries(notice).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  return Object.fromEntries(facts)
}
