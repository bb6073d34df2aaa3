import { type ParseArgsConfig, parseArgs } from 'node:util'

const help = { type: 'boolean', short: 'h' } as const

/**
 * The options of a command of this workspace. With `--help` it says how it is used and ends; with a mistake it does so with
 * exit code 2.
 */
export function readOptions<const Options extends NonNullable<ParseArgsConfig['options']>>(
  usage: string,
  options: Options,
) {
  // Some package managers pass the `--` on, some do not.
  const args = process.argv.slice(2).filter((argument) => argument !== '--')
  try {
    const { values } = parseArgs({ args, options: { ...options, help } })
    if (!('help' in values)) return values
    console.log(usage)
    process.exit(0)
  } catch (error) {
    const [mistake] = (error as Error).message.split(/\.(?:\s|$)/)
    console.error(`${mistake}.\n\n${usage}`)
    process.exit(2)
  }
}
