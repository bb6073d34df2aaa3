import { readFileSync } from 'node:fs'

const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  homepage: string
  repository: { url: string }
}

/** Where the site is published. */
export const siteAddress = manifest.homepage

/** Where the repository can be read. */
export const repositoryAddress = manifest.repository.url.replace(/^git\+|\.git$/g, '')
