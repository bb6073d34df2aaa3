import type { SessionOptions } from '@authchart/core'

/** For a GraphQL server that answers 200 to a token that it rejects, with an error beside the data. */
export const http: SessionOptions['http'] = {
  isRejected({ body }) {
    const { errors } = (body ?? {}) as { errors?: readonly { extensions?: { code?: string } }[] }
    return errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED') ?? false
  },
}
