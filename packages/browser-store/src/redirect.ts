/**
 * Signing in from a page: the page is sent to the authorization server, and what comes back is completed.
 *
 * @see RFC 6749, section 4.1; RFC 7636; RFC 9700, section 2.1
 * @module
 */
export { beginRedirect, type RedirectOptions } from './redirect/begin-redirect.ts'
export {
  type CompletedRedirect,
  completeRedirect,
  type RedirectCompletionOptions,
} from './redirect/complete-redirect.ts'
