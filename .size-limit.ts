import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const core = new URL('packages/core/', import.meta.url)

const browserStore = fileURLToPath(new URL('packages/browser-store/dist/index.js', import.meta.url))
const browserRedirect = fileURLToPath(new URL('packages/browser-store/dist/redirect.js', import.meta.url))
const browserMigrate = fileURLToPath(new URL('packages/browser-store/dist/migrate.js', import.meta.url))
const postgresStore = fileURLToPath(new URL('packages/postgres-store/dist/index.js', import.meta.url))
const postgresPresence = fileURLToPath(new URL('packages/postgres-store/dist/pg.js', import.meta.url))
const kyPath = fileURLToPath(new URL('packages/core/node_modules/ky/distribution/index.js', import.meta.url))

/** What a single-page app takes of the packages besides what sends its requests. */
const pageImports = {
  [pathOf('index')]: '{ createSession }',
  [pathOf('oauth')]: '{ refreshTokenGrant }',
  [browserStore]: '{ indexedDbStore }',
}

/**
 * What the built packages weigh in an app, minified and gzipped, their dependencies included: `pnpm size`.
 *
 * The limit is on what the main job takes: a session, the fetch wrapper, the ky hooks and the refresh token grant. ky is
 * the app's own. It is meant to be 40 kB, and a page 42; docs/performance.md says where the rest comes from. This holds
 * them from growing further unseen.
 */
export default [
  {
    name: 'index, fetch, ky and the refresh token grant',
    import: {
      ...(await everythingFrom('index')),
      ...(await everythingFrom('fetch')),
      ...(await everythingFrom('ky')),
      [pathOf('oauth')]: '{ refreshTokenGrant }',
    },
    ignore: ['ky'],
    gzip: true,
    limit: '53.5 kB',
  },
  // Importing what a refresh takes does not pay for the ways of signing in: each is an import of its own.
  only('refreshTokenGrant', { limit: '11 kB' }),
  only('clientCredentialsGrant', { limit: '11 kB' }),
  only('beginAuthorization, completeAuthorization', { limit: '16.5 kB' }),
  only('beginDeviceAuthorization', { limit: '16 kB' }),
  only('registerClient', { limit: '10 kB' }),
  only('endSessionUrl', { limit: '6.9 kB' }),
  {
    name: 'a page: session, refresh token grant, fetch wrapper and the store in IndexedDB',
    import: { ...pageImports, [pathOf('fetch')]: '{ createFetch }' },
    gzip: true,
    limit: '56.9 kB',
  },
  {
    name: 'a page with ky: session, refresh token grant, ky hooks, the store in IndexedDB, and ky',
    import: { ...pageImports, [pathOf('ky')]: '{ createKyHooks }', [kyPath]: 'ky' },
    gzip: true,
    limit: '65.4 kB',
  },
  {
    name: 'what examples/browser-spa takes: that, signing in by redirect, its errors and the actor',
    import: {
      ...pageImports,
      [pathOf('index')]:
        '{ createSession, globalEnvironment, isNotSignedInError, isRefreshUnavailableError, isSessionEndedError }',
      [pathOf('ky')]: '{ createKyHooks }',
      [pathOf('machine')]: '{ getSessionActor }',
      [browserRedirect]: '{ beginRedirect, completeRedirect }',
      [kyPath]: 'ky',
    },
    gzip: true,
    limit: '72.2 kB',
  },
  {
    name: 'the store in IndexedDB with idb-keyval, beside core',
    import: { [browserStore]: '{ indexedDbStore }' },
    ignore: ['@authchart/core'],
    gzip: true,
    limit: '4.9 kB',
  },
  {
    name: 'signing in from a page, beside what a session takes',
    import: { [browserRedirect]: '{ beginRedirect, completeRedirect }' },
    ignore: ['@authchart/core'],
    gzip: true,
    limit: '3 kB',
  },
  ...['takeOver', 'takeOverOidcClient', 'takeOverAuth0'].map((name) => ({
    name: `${name}, beside what a session takes`,
    import: { [browserMigrate]: `{ ${name} }` },
    ignore: ['@authchart/core'],
    gzip: true,
    limit: '1 kB',
  })),
  {
    name: 'the store in PostgreSQL, beside core',
    import: { [postgresStore]: '{ postgresStore }' },
    ignore: ['@authchart/core'],
    gzip: true,
    limit: '12 kB',
  },
  {
    name: 'its presence by pg, beside core',
    import: { [postgresPresence]: '{ pgPresence }' },
    ignore: ['@authchart/core'],
    gzip: true,
    limit: '2 kB',
  },
  { name: 'useSession and useClaims', path: pathOf('react'), ignore: ['react'], gzip: true, limit: '500 B' },
  ...doors().map((door) => ({ name: `${door} alone`, path: pathOf(door), ignore: ['ky', 'react'], gzip: true })),
]

/** A part of the door `oauth`, by the names that an app imports. */
function only(names: string, { limit }: { limit: string }) {
  return { name: `oauth: ${names}`, import: { [pathOf('oauth')]: `{ ${names} }` }, gzip: true, limit }
}

async function everythingFrom(door: string): Promise<Record<string, string>> {
  const path = pathOf(door)
  const names = Object.keys((await import(path)) as object)
  return { [path]: `{ ${names.join(', ')} }` }
}

function doors(): string[] {
  const manifest = JSON.parse(readFileSync(new URL('package.json', core), 'utf8')) as { exports: object }
  return Object.keys(manifest.exports)
    .filter((subpath) => subpath !== './package.json')
    .map((subpath) => (subpath === '.' ? 'index' : subpath.slice(2)))
}

function pathOf(door: string): string {
  return fileURLToPath(new URL(`dist/${door}.js`, core))
}
