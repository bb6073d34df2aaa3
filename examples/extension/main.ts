/** Builds the extension for servers of yours: `pnpm example:extension`. */
import { mkdirSync } from 'node:fs'
import { resolve } from 'node:path'
import { readOptions } from '../../scripts/read-options.ts'
import { buildExtension } from './build.ts'

const usage = `Usage: pnpm example:extension

Builds it for your servers. Set in the environment ISSUER, CLIENT_ID and
API_ORIGIN, and PAGES to a pattern such as https://app.acme.example/*.`

readOptions(usage, {})

const { ISSUER: issuer, CLIENT_ID: clientId, API_ORIGIN: apiOrigin, PAGES: pages } = process.env
if (issuer && clientId && apiOrigin && pages) {
  const folder = resolve('output/extension')
  mkdirSync(folder, { recursive: true })
  await buildExtension(folder, { configuration: { issuer, clientId, apiOrigin }, pages })
  console.log(`Load the folder ${folder} at chrome://extensions, in developer mode.`)
} else {
  console.error(usage)
  process.exitCode = 2
}
