import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const core = new URL('packages/core/', import.meta.url)

/**
 * What the built `@authchart/core` weighs in an app, minified and gzipped, its dependencies included: `pnpm size`.
 *
 * The limit is on what the main job takes: a session, the fetch wrapper, the ky hooks and the refresh token grant. ky is
 * the app's own. It was meant to be 26 kB; docs/performance.md says where the rest comes from. This holds it from growing
 * further unseen.
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
    limit: '51 kB',
  },
  // Importing what a refresh takes does not pay for the ways of signing in: each is an import of its own.
  only('refreshTokenGrant', { limit: '13 kB' }),
  only('clientCredentialsGrant', { limit: '13 kB' }),
  only('beginAuthorization, completeAuthorization', { limit: '16.5 kB' }),
  only('beginDeviceAuthorization', { limit: '16 kB' }),
  only('registerClient', { limit: '10 kB' }),
  only('endSessionUrl', { limit: '6 kB' }),
  ...doors().map((door) => ({ name: `${door} alone`, path: pathOf(door), ignore: ['ky'], gzip: true })),
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
