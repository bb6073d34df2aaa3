import { createHash } from 'node:crypto'
import type { ServerResponse } from 'node:http'

/** What the page in the browser says. */
export type Answer = 'signedIn' | 'refused' | 'failed' | 'cancelled' | 'foreign'

/**
 * Shows one page, complete in itself: nothing is loaded, nothing runs, and nothing of the request is in it. The
 * connection ends with it.
 */
export function sendPage(response: ServerResponse, answer: Answer): void {
  const { status, title, text } = pages[answer]
  response.writeHead(status, {
    'content-type': 'text/html; charset=utf-8',
    'content-security-policy': contentSecurityPolicy,
    // The page's own address carries the code.
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    connection: 'close',
  })
  response.end(render(title, text))
}

/** Refuses what is not a callback at all. */
export function sendStatus(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { 'content-length': 0, 'cache-control': 'no-store', connection: 'close', ...headers })
  response.end()
}

const pages: Record<Answer, { status: number; title: string; text: string }> = {
  signedIn: { status: 200, title: 'You are signed in', text: 'You can close this window and go back to the program.' },
  refused: {
    status: 200,
    title: 'The sign-in was refused',
    text: 'Nothing has changed. You can close this window; the program says more.',
  },
  failed: {
    status: 200,
    title: 'The sign-in did not work out',
    text: 'Nothing has changed. You can close this window; the program says more.',
  },
  cancelled: {
    status: 200,
    title: 'The sign-in is over',
    text: 'The program waits for it no longer. You can close this window, and begin again there.',
  },
  foreign: {
    status: 400,
    title: 'This is not the sign-in that is under way',
    text: 'The program goes on waiting. Sign in through the address that it has given, and close this window.',
  },
}

const style = `
:root { color-scheme: light dark; --ground: #f6f7f9; --card: #fff; --ink: #1c2024; --soft: #5b6470; --line: #dfe3e8 }
@media (prefers-color-scheme: dark) {
  :root { --ground: #15181c; --card: #1e2329; --ink: #eceff3; --soft: #a3adb9; --line: #313842 }
}
* { box-sizing: border-box; margin: 0 }
body { min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground);
  color: var(--ink); font: 1rem/1.5 system-ui, sans-serif }
main { max-width: 26rem; padding: 2rem 2.25rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .75rem }
h1 { font-size: 1.35rem; line-height: 1.3; margin-bottom: .5rem }
p { color: var(--soft) }
`

const styleHash = createHash('sha256').update(style).digest('base64')

const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

function render(title: string, text: string): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${style}</style>
</head>
<body>
<main>
<h1>${title}</h1>
<p>${text}</p>
</main>
</body>
</html>
`
}
