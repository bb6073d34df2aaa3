import { createFetch } from '@authchart/core/fetch'
import { createFakeSession } from '@authchart/core/testing'
import { SpanStatusCode } from '@opentelemetry/api'
import { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base'
import { QueryObserver } from '@tanstack/react-query'
import { expect, it, vi } from 'vitest'
import { effectScope, nextTick, watchEffect } from 'vue'
import { eventually } from '../support/eventually.ts'
import { traceSession } from './opentelemetry.ts'
import { sessionSnapshot } from './svelte.ts'
import { createQueryClient } from './tanstack-query.ts'
import { useSession } from './vue.ts'

it('a scope of Vue follows the session until it is stopped', async () => {
  await using session = await createFakeSession({ status: 'signedOut' })
  const seen: string[] = []
  const scope = effectScope()
  scope.run(() => {
    const snapshot = useSession(session)
    watchEffect(() => seen.push(snapshot.value.status))
  })
  await session.signInAgain()
  await nextTick()
  await session.end('grantRejected')
  await nextTick()
  scope.stop()
  await session.signOut()
  expect(seen).toEqual(['signedOut', 'fresh', 'invalidated'])
})

it('a store of Svelte follows the session while it is read', async () => {
  await using session = await createFakeSession({ status: 'signedOut' })
  const store = sessionSnapshot(session)
  const seen: string[] = []
  const read = () => store.subscribe(({ status }) => seen.push(status))
  const stop = read()
  await session.signInAgain()
  stop()
  await session.end('grantRejected')
  read()()
  expect(seen).toEqual(['signedOut', 'fresh', 'invalidated'])
})

it('TanStack Query asks again when a token can be had, and forgets the data of a user who is gone', async () => {
  await using session = await createFakeSession({
    allowedOrigins: ['https://api.acme.example'],
    maximumWaitMilliseconds: 0,
  })
  const asked = vi.fn()
  const client = createQueryClient(session, { onSignInNeeded: asked })
  client.mount()
  const fetchOrders = createFetch(session, { fetch: async () => Response.json(['tea']) })
  const orders = new QueryObserver(client, {
    queryKey: ['orders'],
    queryFn: async () => (await fetchOrders('https://api.acme.example/orders')).json(),
  })
  const until = (isMet: (result: { data: unknown; failureCount: number; isError: boolean }) => boolean) =>
    eventually(() => isMet(orders.getCurrentResult()), { description: 'the result' })

  await session.expire()
  await session.fail('network')
  const stop = orders.subscribe(() => {})
  await until(({ failureCount }) => failureCount > 0)
  await session.recover()
  await until(({ data }) => data !== undefined)
  expect(asked).not.toHaveBeenCalled()

  await session.signOut()
  expect(client.getQueryData(['orders'])).toBeUndefined()
  await orders.refetch()
  expect(asked).toHaveBeenCalledOnce()
  stop()
  client.unmount()
  client.clear()
})

it('OpenTelemetry gets a span from the first failure to the recovery, or to the end', async () => {
  const exporter = new InMemorySpanExporter()
  const provider = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
  await using session = await createFakeSession()
  const stop = traceSession(session, provider.getTracer('acme'))
  await session.fail('server')
  await session.recover()
  await session.end('grantRejected', { serverCode: 'invalid_grant' })
  stop()
  const [recovered, ended] = exporter.getFinishedSpans()
  expect(recovered?.events.map(({ name }) => name)).toEqual(['refreshFailed', 'refreshed', 'recovered'])
  expect(recovered?.attributes).toEqual({ 'session.key': 'fake' })
  expect(ended?.status).toEqual({ code: SpanStatusCode.ERROR, message: 'grantRejected' })
  expect(ended?.events[0]).toMatchObject({ name: 'ended', attributes: { serverCode: 'invalid_grant' } })
  await provider.shutdown()
})
