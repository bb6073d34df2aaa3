import { parseSync } from 'oxc-parser'

/** One module that a file refers to, by any of the ways there are. */
export interface ModuleImport {
  /** As written: `./vault.ts`, `xstate`. */
  readonly specifier: string
  /** Gone after compilation: `import type`, `export type`, or a type written as `import('…')`. */
  readonly typeOnly: boolean
  /** `export * from`, which hides what a module gives. */
  readonly exportsAll: boolean
  /** Starting at 1. */
  readonly line: number
}

interface SyntaxNode {
  readonly type: string
  readonly start: number
  readonly [property: string]: unknown
}

/**
 * Every module a TypeScript source refers to: imports, re-exports, `import()` as expression and as type.
 * @throws when the source does not parse, or when an `import()` is computed, so that nobody can tell what it loads
 */
export function readModuleImports(fileName: string, source: string): ModuleImport[] {
  const { program, errors } = parseSync(fileName, source)
  if (errors[0] !== undefined) throw new Error(`${fileName}: ${errors[0].message}`)
  const found: ModuleImport[] = []
  visit(program, (node) => {
    const target = moduleReference(node)
    if (target === undefined) return
    if (target.type !== 'Literal' || typeof target.value !== 'string') {
      throw new Error(`${fileName}: an import whose module is computed cannot be checked`)
    }
    found.push({
      specifier: target.value,
      typeOnly: isTypeOnly(node),
      exportsAll: node.type === 'ExportAllDeclaration',
      line: source.slice(0, node.start).split('\n').length,
    })
  })
  return found
}

function moduleReference(node: SyntaxNode): SyntaxNode | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
    case 'ImportExpression':
    case 'TSImportType':
      return (node.source as SyntaxNode | null | undefined) ?? undefined
    default:
      return undefined
  }
}

function isTypeOnly(node: SyntaxNode): boolean {
  // `import { type A } from` is not: under `verbatimModuleSyntax` it still loads the module.
  return node.type === 'TSImportType' || node.importKind === 'type' || node.exportKind === 'type'
}

function visit(value: unknown, onNode: (node: SyntaxNode) => void): void {
  if (Array.isArray(value)) {
    for (const item of value) visit(item, onNode)
  } else if (typeof value === 'object' && value !== null) {
    if (isSyntaxNode(value)) onNode(value)
    for (const property of Object.values(value)) visit(property, onNode)
  }
}

function isSyntaxNode(value: object): value is SyntaxNode {
  return 'type' in value && typeof value.type === 'string'
}
