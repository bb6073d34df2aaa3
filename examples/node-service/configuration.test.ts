import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { readCommand } from './command-line.ts'
import { readConfiguration } from './configuration.ts'

const environment = {
  ISSUER: 'https://login.acme.example',
  UPSTREAM_URL: 'https://api.acme.example/v1/',
  SERVICE_CLIENT_ID: 'billing',
  SERVICE_CLIENT_SECRET: 'secret of the client',
  USER_CLIENT_ID: 'acme',
  SESSION_DIRECTORY: '/var/lib/acme',
  SESSION_KEY: randomBytes(32).toString('base64'),
}

it('takes the settings with their defaults', () => {
  expect(readConfiguration(environment)).toMatchObject({
    kind: 'complete',
    configuration: {
      upstreamUrl: 'https://api.acme.example/v1',
      port: 8080,
      host: '127.0.0.1',
      allowedHosts: ['127.0.0.1', 'localhost', '[::1]'],
      stopMilliseconds: 10_000,
    },
  })
})

it.each([
  [{ HOST: '0.0.0.0' }, undefined],
  [{ HOST: '0.0.0.0', ALLOWED_HOSTS: 'acme.internal, acme.example' }, ['acme.internal', 'acme.example']],
  [{ ALLOWED_HOSTS: 'acme.internal' }, ['acme.internal']],
])('takes of %j that it may be called %j', (change, allowedHosts) => {
  expect(readConfiguration({ ...environment, ...change })).toMatchObject({ configuration: { allowedHosts } })
})

it('says that there are no settings', () => {
  expect(readConfiguration({ PORT: '0' })).toEqual({ kind: 'none' })
})

it.each([
  [{ SESSION_KEY: 'c2hvcnQ=' }, 'SESSION_KEY must be 32 bytes in base64: openssl rand -base64 32'],
  [{ ISSUER: '' }, 'ISSUER is missing.'],
  [{ UPSTREAM_URL: 'api' }, 'UPSTREAM_URL is not a URL.'],
  [{ UPSTREAM_URL: 'https://api.acme.example?key=1' }, 'UPSTREAM_URL must have neither query nor fragment.'],
  [{ PORT: '80a' }, 'PORT must be a number up to 65535.'],
  [{ STOP_SECONDS: '-1' }, 'STOP_SECONDS must be a number.'],
])('says of %j what is wrong', (change, mistake) => {
  expect(readConfiguration({ ...environment, ...change })).toEqual({ kind: 'mistakes', mistakes: [mistake] })
})

it.each([
  [[], 'serve'],
  [['--', 'sign-in'], 'signIn'],
  [['-h'], 'help'],
  [['sign-out'], 'mistake'],
  [['sign-in', '--fast'], 'mistake'],
  [['sign-in', 'sign-in'], 'mistake'],
])('reads %j', (given, kind) => {
  expect(readCommand(given).kind).toBe(kind)
})
