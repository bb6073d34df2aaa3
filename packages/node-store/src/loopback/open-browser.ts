/**
 * Opens the user's browser; says on stderr when that surely failed.
 *
 * It may seem to have worked where there is no browser: the opener of the desktop fails later, unheard. So the address
 * is always given to the user as well.
 */
export async function openBrowser(url: string): Promise<void> {
  try {
    const { default: open } = await import('open')
    const { pid } = await open(url)
    if (pid !== undefined) return
  } catch {
    // The error quotes the command, and so the address, which has been given to the user already.
  }
  process.stderr.write('No browser could be opened here: open the address above in one.\n')
}

/** Tells the user where to sign in: on stderr, since a program's output is on stdout. */
export function printUrl(url: string): void {
  process.stderr.write(`To sign in, go on in the browser. If none has opened, visit:\n${url}\n`)
}
