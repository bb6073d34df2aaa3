import { type OptionRule, ruleOf } from '@authchart/core/store'

/** The path of a folder. */
export const directoryOption: OptionRule = ruleOf(
  'the path of a folder',
  (value) => typeof value === 'string' && value !== '' && !value.includes('\0'),
)
