import { type Comment, type DeclarationReflection, type ProjectReflection, ReflectionKind } from 'typedoc'

/** What the reference says too little about: exports without a sentence, options without default or unit. */
export function findUndocumented(project: ProjectReflection): string[] {
  const exported = project.getReflectionsByKind(ReflectionKind.SomeExport) as DeclarationReflection[]
  const silent = exported
    .filter(
      (each) =>
        each.kind !== ReflectionKind.Reference && each.parent?.kind === ReflectionKind.Module && textOf(each) === '',
    )
    .map((each) => `${each.getFullName()} says nothing`)
  const options = exported
    .filter(({ kind, name }) => kind === ReflectionKind.Interface && /(?<!^Recorded)Options$/.test(name))
    .flatMap(({ children = [] }) => children)
    // What is inherited is described where it comes from.
    .filter(({ inheritedFrom }) => inheritedFrom === undefined)
  return [...silent, ...options.flatMap(findSilence)]
}

/** What the comment of an option leaves out. */
function findSilence(option: DeclarationReflection): string[] {
  const text = textOf(option)
  const name = option.getFullName()
  if (text === '') return [`${name} says nothing`]
  const isDuration = /Milliseconds$|Seconds$/.test(option.name)
  return [
    ...(option.flags.isOptional && !/default|needed|needs/i.test(text) ? [`${name} has no default`] : []),
    ...(isDuration && !/milliseconds|seconds| s\b| ms\b/i.test(text) ? [`${name} has no unit`] : []),
  ]
}

/** All that its comments say, also those of its signatures. */
function textOf({ comment, signatures = [], type }: DeclarationReflection): string {
  const inside = type?.type === 'reflection' ? (type.declaration.signatures ?? []) : []
  return [comment, ...[...signatures, ...inside].map((signature) => signature.comment)].map(summaryOf).join('')
}

function summaryOf(comment: Comment | undefined): string {
  return comment?.summary.map(({ text }) => text).join('') ?? ''
}
