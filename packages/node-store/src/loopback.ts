/**
 * Signing in from a program on the user's own machine: the browser comes back to a listener on the loopback interface.
 *
 * @see RFC 8252, section 7.3
 * @module
 */
export { type LoopbackOptions, signInByLoopback } from './loopback/sign-in-by-loopback.ts'
