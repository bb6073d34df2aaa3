import { copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'esbuild'
import type { Configuration } from './questions.ts'

/** Writes the extension into a folder, which `chrome://extensions` loads: for these servers, and for pages that match. */
export async function buildExtension(
  folder: string,
  { configuration, pages }: { configuration: Configuration; pages: string },
): Promise<void> {
  await build({
    absWorkingDir: import.meta.dirname,
    entryPoints: ['background.ts', 'popup.ts', 'content.ts'],
    outdir: folder,
    bundle: true,
    format: 'esm',
    target: 'chrome120',
    define: { configuration: JSON.stringify(configuration) },
    conditions: ['@authchart/source', 'module'],
    logLevel: 'warning',
  })
  copyFileSync(join(import.meta.dirname, 'popup.html'), join(folder, 'popup.html'))
  const { issuer, apiOrigin } = configuration
  const manifest = {
    manifest_version: 3,
    name: 'Acme',
    version: '1.0',
    permissions: ['identity'],
    host_permissions: [issuer, apiOrigin].map((url) => `${new URL(url).protocol}//${new URL(url).hostname}/*`),
    background: { service_worker: 'background.js', type: 'module' },
    action: { default_popup: 'popup.html' },
    content_scripts: [{ matches: [pages], js: ['content.js'] }],
  }
  writeFileSync(join(folder, 'manifest.json'), JSON.stringify(manifest))
}
