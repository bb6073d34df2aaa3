/** For `--help`. */
export const usage = `Usage: acme <command> [options]

  login          Sign in by the browser on this machine, or with --device by another one.
  status         Show the accounts: state, expiry, and why a session has ended.
  call PATH      Call the API, and print what it answers.
  watch [PATH]   Call the API every few seconds; say what changes, until Ctrl-C.
  logout         Forget an account's tokens here, then revoke them at the server.
  explain        Say why the session has ended or is failing, from its recording.

Options (or environment variables, which options overrule):
  --account NAME    Which account. Default: the only one; at login, the user's name. (ACME_ACCOUNT)
  --issuer URL      The authorization server to sign in at. (ACME_ISSUER)
  --client-id ID    The client to sign in as. (ACME_CLIENT_ID)
  --scope SCOPES    What to ask for at login. Default: openid offline_access. (ACME_SCOPE)
  --api ORIGIN      The API, the only one that gets the token. (ACME_API)
  --store KIND      Where sessions are kept. (ACME_STORE)
                      keyring   sealed files, their key in the system's keyring; the default
                      file      sealed files, their key in ACME_STORE_KEY: openssl rand -base64 32
                      unsealed  files with the tokens in plain text, for your eyes only
  --state FOLDER    For these files and the recordings. Default: ~/.acme. (ACME_STATE)
  --device          login: print a code to be typed in on another device.
  --every SECONDS   watch: the pace. Default: 30.
  --all             logout: every account.
  --json            Print JSON, for scripts: one value, or one a line with watch.
  --debug           Print on stderr what is asked, answered and decided, without secrets.
  -h, --help        Print this.

What a command is for goes to stdout, all that is said about it to stderr. NO_COLOR and
FORCE_COLOR are honoured.

Exit codes:
  0    done; for watch, stopped by a signal while the session lives
  1    failed; the message says what to do
  2    a mistake in the command line or the environment
  3    not signed in, or the session has ended: run "acme login"
  4    not just now: try the same again later
  130  login was interrupted by Ctrl-C
`
