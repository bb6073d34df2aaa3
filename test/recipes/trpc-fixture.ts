import { initTRPC } from '@trpc/server'

const { procedure, router } = initTRPC.create()

/** What a server of tests has. */
export const appRouter = router({
  article: procedure.query(() => 'tea'),
  order: procedure.mutation(() => 'ordered'),
})

export type AppRouter = typeof appRouter
