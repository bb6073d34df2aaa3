import { defineConfig, type TestProjectInlineConfiguration } from 'vitest/config'

/** `pnpm soak` and `pnpm model:soak`: the long runs. */
const isSoak = process.argv.includes('soak')

// Tests run from source: the packages' `@authchart/source` condition stands before their built files.
const conditions = ['@authchart/source']

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    watch: false,
    // A process per file: tests open real sockets, count handles and start workers.
    pool: 'forks',
    // Most files wait for most of their time: by default two cores would run one file at a time.
    maxWorkers: 2,
    execArgv: ['--conditions=@authchart/source'],
    // These end what hangs, and time nothing: a busy machine may take five times as long, and stand still for seconds.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // A second, as it is by default, is a time that a busy machine may not keep.
    expect: { poll: { timeout: 10_000 } },
    projects: [
      project('unit', ['packages/*/src/**/*.test.ts', 'scripts/**/*.test.ts']),
      project('layout', ['test/layout/**/*.test.ts']),
      project('authorization-server', ['test/authorization-server/**/*.test.ts']),
      project('contract', ['test/contract/**/*.test.ts']),
      project('providers', ['test/providers/**/*.test.ts']),
      project('flows', ['test/flows/**/*.test.ts', 'examples/**/*.test.ts']),
      project('recipes', ['test/recipes/**/*.test.ts']),
      // A browser, and what serves it: one file after the other.
      project('inspector', ['test/inspector/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 6 },
        testTimeout: 60_000,
      }),
      project('docs', ['test/docs/*.test.ts'], { testTimeout: 120_000, hookTimeout: 240_000 }),
      project('benchmark', ['test/benchmark/**/*.test.ts']),
      // Each file builds the packages.
      project(
        'packaging',
        ['test/packaging/**/*.test.ts', 'test/bundlers/**/*.test.ts', 'test/docs/packed/**/*.test.ts'],
        {
          fileParallelism: false,
          sequence: { groupOrder: 6 },
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      ),
      // Many processes on one store: after everything else and file by file, so that they compete with each other only.
      project('concurrency', ['test/concurrency/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 1 },
        testTimeout: 60_000,
      }),
      // Real processes and a real keyring, for the same reason.
      project('processes', ['test/processes/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 1 },
        testTimeout: isSoak ? 1_800_000 : 120_000,
      }),
      // The MCP SDKs at a real MCP server; among them many processes on one store, for the same reason.
      project('mcp', ['test/mcp/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 1 },
        testTimeout: 60_000,
      }),
      // Real database servers, one for each file, and processes that share them. They mostly wait.
      project('postgres', ['test/postgres/**/*.test.ts'], {
        sequence: { groupOrder: 4 },
        maxConcurrency: 16,
        testTimeout: isSoak ? 1_800_000 : 120_000,
        hookTimeout: 60_000,
      }),
      // Every state that the chart can get into: all processor too.
      project('statechart', ['test/statechart/**/*.test.ts'], { sequence: { groupOrder: 2 }, testTimeout: 120_000 }),
      // Real browsers: by themselves, one file after the other, since each has a browser of several processes.
      project('browser', ['test/browser/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 3 },
        testTimeout: 60_000,
        hookTimeout: 60_000,
      }),
      // Bun, Deno, workerd and other Nodes, which the files install: processes too, by themselves.
      project('runtimes', ['test/runtimes/**/*.test.ts'], {
        fileParallelism: false,
        sequence: { groupOrder: 5 },
        testTimeout: 120_000,
        hookTimeout: 120_000,
      }),
      // All processor and no waiting: last, so that it keeps nobody from being in time.
      project('model', ['test/model/**/*.test.ts'], { sequence: { groupOrder: 2 }, testTimeout: 120_000 }),
    ],
  },
})

function project(
  name: string,
  include: string[],
  options: TestProjectInlineConfiguration['test'] = {},
): TestProjectInlineConfiguration {
  return { extends: true, test: { name, include, ...options } }
}
