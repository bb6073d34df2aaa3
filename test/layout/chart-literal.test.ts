import { readFileSync } from 'node:fs'
import { type Node, parseSync } from 'oxc-parser'
import { expect, test } from 'vitest'

const file = new URL('../../packages/core/src/session/session-chart.ts', import.meta.url)

test('V5 the chart is one literal that an editor can import: no variable, call or spread outside of parameters', () => {
  expect(findForeign(readFileSync(file, 'utf8'))).toEqual([])
})

test.each(['guard: and([])', '...common', 'on: events', 'entry: [assign({})]'])('%s would be found', (member) => {
  expect(findForeign(`export const createMachine = () => createChart({ ${member} })`)).toHaveLength(1)
})

/** What in the config of the machine is neither a literal nor a function of parameters. */
function findForeign(source: string): string[] {
  const { program, errors } = parseSync('chart.ts', source)
  expect(errors).toEqual([])
  const config = findConfig(program)
  return foreignIn(config).map(({ start, end }) => source.slice(start, end))
}

function foreignIn(node: Node): Node[] {
  switch (node.type) {
    case 'Literal':
      return []
    case 'ArrayExpression':
      return node.elements.flatMap((element) => (element === null ? [] : foreignIn(element)))
    case 'ObjectExpression':
      return node.properties.flatMap((property) => {
        if (property.type !== 'Property') return [property]
        return isFunctionOfEvent(property) ? [] : foreignIn(property.value)
      })
    default:
      return [node]
  }
}

/** What takes something out of an event, which an editor shows as it is. */
function isFunctionOfEvent({ key, value }: { key: Node; value: Node }): boolean {
  const name = key.type === 'Identifier' ? key.name : ''
  return ['input', 'context'].includes(name) && value.type === 'ArrowFunctionExpression'
}

function findConfig(program: ReturnType<typeof parseSync>['program']): Node {
  for (const statement of program.body) {
    if (statement.type !== 'ExportNamedDeclaration' || statement.declaration?.type !== 'VariableDeclaration') continue
    const { init } = statement.declaration.declarations[0] ?? {}
    // The machine is made when the first session is.
    const call = init?.type === 'ArrowFunctionExpression' ? init.body : init
    const [config] = call?.type === 'CallExpression' ? call.arguments : []
    if (config !== undefined) return config
  }
  throw new Error('There is no `export const … = () => createChart({ … })`.')
}
