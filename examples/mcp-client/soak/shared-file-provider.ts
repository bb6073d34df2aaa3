import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import type { OAuthClientProvider, StoredOAuthTokens } from '@modelcontextprotocol/client'

/** The SDK's own way: an OAuth client of the SDK, whose tokens are in a file that several processes share. */
export function sharedFileProvider(file: string, { issuer, clientId }: { issuer: string; clientId: string }) {
  return {
    redirectUrl: 'http://127.0.0.1/callback',
    clientMetadata: { redirect_uris: ['http://127.0.0.1/callback'] },
    clientInformation: () => ({ client_id: clientId, issuer }),
    tokens: () => readTokens(file),
    saveTokens: (tokens) => writeTokens(file, tokens),
    // The SDK calls it when a refresh token was refused; its clients then forget the tokens, as mcp-remote does.
    invalidateCredentials: (what) => (what === 'tokens' || what === 'all' ? rm(file, { force: true }) : undefined),
    // The user has to sign in: the call that fails says so.
    redirectToAuthorization() {},
    saveCodeVerifier() {},
    codeVerifier: () => '',
  } satisfies OAuthClientProvider
}

async function readTokens(file: string): Promise<StoredOAuthTokens | undefined> {
  const text = await readFile(file, 'utf8').catch(() => undefined)
  return text === undefined ? undefined : JSON.parse(text)
}

/** Whole at any time: what is lost here is not lost by half a file. */
export async function writeTokens(file: string, tokens: StoredOAuthTokens): Promise<void> {
  const temporary = `${file}.${process.pid}`
  await writeFile(temporary, JSON.stringify(tokens), { mode: 0o600 })
  await rename(temporary, file)
}
