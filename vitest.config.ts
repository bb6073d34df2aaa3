import { defineConfig } from 'vitest/config'

// Tests run from source: the packages' `@authchart/source` condition stands before their built files.
const conditions = ['@authchart/source']

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    projects: [
      { test: { name: 'unit', include: ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts'] } },
      { test: { name: 'layout', include: ['test/layout/**/*.test.ts'] } },
      { test: { name: 'authorization-server', include: ['test/authorization-server/**/*.test.ts'] } },
      { test: { name: 'flows', include: ['test/flows/**/*.test.ts'] } },
      { test: { name: 'concurrency', include: ['test/concurrency/**/*.test.ts'] } },
    ],
  },
})
