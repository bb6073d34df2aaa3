/**
 * Runs one scenario in this process and prints what it found, as JSON: `node run-scenario.ts ky`.
 */
import { argv, stdout } from 'node:process'
import { scenarios } from './scenarios/index.ts'

const scenario = scenarios[argv[2] ?? '']
if (scenario === undefined) throw new Error(`No such scenario. There are ${Object.keys(scenarios).join(', ')}.`)
stdout.write(JSON.stringify(await scenario('full')))
