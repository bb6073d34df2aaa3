import { Hono } from 'hono'
import { type BffOptions, forward } from './bff-forward.ts'

/** A backend for a browser: `/api/*` goes to the API with the token of the user whose cookie came. */
export function createBff(options: BffOptions): Hono {
  return new Hono().all('/api/*', (context) => forward(context.req.raw, options))
}
