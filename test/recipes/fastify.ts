import { getRequestListener } from '@hono/node-server'
import Fastify, { type FastifyInstance } from 'fastify'
import { type BffOptions, forward } from './bff-forward.ts'

/** The same in Fastify 5. Register it in a scope of its own, where no parser takes the body. */
export function createBff(options: BffOptions): FastifyInstance {
  const answer = getRequestListener((request) => forward(request, options))
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', (_request, _body, done) => done(null))
  app.all('/api/*', (request, reply) => {
    reply.hijack()
    return answer(request.raw, reply.raw)
  })
  return app
}
