import { gql } from '@apollo/client'
import { isNotSignedInError } from '@authchart/core'
import { create, createFileRegistry, type DescService } from '@bufbuild/protobuf'
import {
  FileDescriptorProtoSchema,
  FileDescriptorSetSchema,
  file_google_protobuf_wrappers,
  StringValueSchema,
} from '@bufbuild/protobuf/wkt'
import { createClient } from '@connectrpc/connect'
import { connectNodeAdapter } from '@connectrpc/connect-node'
import { createHTTPHandler } from '@trpc/server/adapters/standalone'
import { buildSchema, graphql } from 'graphql'
import { expect, it } from 'vitest'
import * as apollo from './apollo.ts'
import * as axios from './axios.ts'
import { createTransport, createWebTransport } from './connect.ts'
import { type RecipeFixture, startFixture } from './fixture.ts'
import { http } from './graphql-errors.ts'
import * as openApi from './openapi-fetch.ts'
import * as trpc from './trpc.ts'
import { appRouter } from './trpc-fixture.ts'
import * as urql from './urql.ts'

/** What a call comes to once the user has signed out; `cause` is the part of the error where the session's own is. */
async function expectNotSignedIn(
  { session }: RecipeFixture,
  call: () => Promise<unknown>,
  errorOf = (error: Error): unknown => error.cause,
): Promise<void> {
  await session.signOut()
  const error = await call().then((value) => expect.unreachable(String(value)), errorOf)
  expect(isNotSignedInError(error)).toBe(true)
}

/** Runs a call after the server has taken the access token back: it is rejected, refreshed, and sent again whole. */
async function expectRefreshedOnce({ server, rejections }: RecipeFixture, call: () => Promise<void>): Promise<void> {
  server.expireAccessTokens()
  await call()
  expect({ rejections: rejections(), refreshes: server.counts.refreshes }).toEqual({ rejections: 1, refreshes: 1 })
}

it('K5 axios sends a rejected request again, with its body', async () => {
  await using fixture = await startFixture()
  const api = axios.createApi(fixture.session, fixture.origin)
  await expectRefreshedOnce(fixture, async () => {
    const { data } = await api.post<{ body: string }>('/orders', { article: 'tea' })
    expect(atob(data.body)).toBe('{"article":"tea"}')
  })
  await expectNotSignedIn(fixture, () => api.get('/orders'))
})

it('K5 openapi-fetch sends a rejected request again, with its body', async () => {
  await using fixture = await startFixture()
  const api = openApi.createApi(fixture.session, fixture.origin)
  await expectRefreshedOnce(fixture, async () => {
    const { data } = await api.POST('/orders', { body: { article: 'tea' } })
    expect(atob(data?.body ?? '')).toBe('{"article":"tea"}')
  })
  await expectNotSignedIn(
    fixture,
    () => api.POST('/orders', { body: { article: 'tea' } }),
    (error) => error,
  )
})

it('K5 tRPC sends a rejected batch again', async () => {
  await using fixture = await startFixture(createHTTPHandler({ router: appRouter }))
  const api = trpc.createApi(fixture.session, fixture.origin)
  await expectRefreshedOnce(fixture, async () => {
    expect(await api.order.mutate()).toBe('ordered')
  })
  expect(await Promise.all([api.article.query(), api.article.query()])).toEqual(['tea', 'tea'])
  await expectNotSignedIn(fixture, () => api.article.query())
})

const query = '{ article }'
const schema = buildSchema('type Query { article: String }')

async function answerGraphql(
  request: NodeJS.ReadableStream,
  response: { end(text: string): void; setHeader: SetHeader },
) {
  let text = ''
  for await (const chunk of request) text += chunk
  const result = await graphql({ schema, source: JSON.parse(text).query, rootValue: { article: 'tea' } })
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify(result))
}
type SetHeader = (name: string, value: string) => unknown

it('K5 urql and Apollo send a rejected operation again', async () => {
  await using fixture = await startFixture(answerGraphql)
  await expectRefreshedOnce(fixture, async () => {
    const { data } = await urql.createApi(fixture.session, fixture.origin).query(query, {})
    expect(data).toEqual({ article: 'tea' })
  })
  const client = apollo.createApi(fixture.session, fixture.origin)
  fixture.server.expireAccessTokens()
  expect((await client.query<{ article: string }>({ query: gql(query) })).data?.article).toBe('tea')
  expect(fixture.server.counts.refreshes).toBe(2)
  await expectNotSignedIn(
    fixture,
    () => client.query({ query: gql(query), fetchPolicy: 'network-only' }),
    (error) => error,
  )
  const { error } = await urql.createApi(fixture.session, fixture.origin).query(query, {})
  expect(isNotSignedInError(error?.networkError)).toBe(true)
})

it('K5 a rejection in an answer of 200 is found by its code', async () => {
  const errors = [{ message: 'Who are you?', extensions: { code: 'UNAUTHENTICATED' } }]
  await using fixture = await startFixture(answerGraphql, {
    http,
    reject: (_request, response) => {
      response.setHeader('content-type', 'application/json')
      response.end(JSON.stringify({ data: null, errors }))
    },
  })
  await expectRefreshedOnce(fixture, async () => {
    const { data } = await urql.createApi(fixture.session, fixture.origin).query(query, {})
    expect(data).toEqual({ article: 'tea' })
  })
})

it.each([
  ['Connect', createTransport],
  ['gRPC-Web', createWebTransport],
])('K5 %s sends a rejected call again', async (_name, create) => {
  const service = describeService()
  const handle = connectNodeAdapter({
    routes: (router) =>
      router.service(service, { order: ({ value }: { value: string }) => ({ value: `${value}!` }) } as never),
  })
  await using fixture = await startFixture(handle)
  const client = createClient(service, create(fixture.session, fixture.origin)) as unknown as {
    order(request: { value: string }): Promise<{ value: string }>
  }
  await expectRefreshedOnce(fixture, async () => {
    expect(await client.order({ value: 'tea' })).toMatchObject({ value: 'tea!' })
  })
  await expectNotSignedIn(fixture, () => client.order({ value: 'tea' }))
})

/** What a generator would have written: one service with one method. */
function describeService(): DescService {
  const type = `.${StringValueSchema.typeName}`
  const file = create(FileDescriptorProtoSchema, {
    name: 'shop.proto',
    package: 'shop',
    syntax: 'proto3',
    dependency: ['google/protobuf/wrappers.proto'],
    service: [{ name: 'Shop', method: [{ name: 'Order', inputType: type, outputType: type }] }],
  })
  const set = create(FileDescriptorSetSchema, { file: [file_google_protobuf_wrappers.proto, file] })
  const service = createFileRegistry(set).getService('shop.Shop')
  if (service === undefined) throw new Error('There is no such service')
  return service
}
