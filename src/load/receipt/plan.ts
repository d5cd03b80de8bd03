import { MillraceError } from '../../errors.ts'
import type { Input } from '../../input/index.ts'
import type { LoadOptions } from '../options.ts'
import { type LoadOption, type Spelling, spell } from '../spelling.ts'
import { type ResumeMode, resumeModes } from './lines.ts'

/** What was asked for; `path` is absent where no receipt is wanted. */
export interface ReceiptPlan {
  readonly path: string | undefined
  readonly resume: ResumeMode | undefined
}

/** @throws MillraceError USAGE where the options contradict each other, or there is nothing to resume */
export function planReceipt(
  { receipt, resume = false }: Pick<LoadOptions, 'receipt' | 'resume'>,
  {
    inputs,
    embedded,
    spelling,
  }: { readonly inputs: readonly Input[]; readonly embedded: boolean; readonly spelling: Spelling },
): ReceiptPlan {
  const say = (option: LoadOption, value?: false) => spell(spelling, option, value)
  if (receipt === '') throw usage('receipt', `${say('receipt')} is empty`, 'Name a file')
  const isResumed = resume !== false
  if (receipt === false && isResumed) {
    const both = `${say('receipt', false)} and ${say('resume')}`
    throw usage('resume', `${both} were given together`, 'Leave one of them out')
  }
  const path = receipt === false ? undefined : (receipt ?? usualPath(inputs, embedded))
  if (!isResumed) return { path, resume: undefined }
  if (path === undefined) {
    throw usage(
      'resume',
      `${say('resume')} was given, and which receipt is meant cannot be told`,
      `Name it with ${say('receipt')}. For standard input, and for embedded clusters, one is written only if it is named`,
    )
  }
  return { path, resume: resume === true ? resumeModes[0] : resume }
}

/** Beside the first file. What went to an embedded cluster is gone with it, and nothing can be gone on with. */
function usualPath(inputs: readonly Input[], embedded: boolean): string | undefined {
  const first = inputs.find(({ size }) => size !== null)
  return embedded || first === undefined ? undefined : `${first.name}.receipt`
}

function usage(option: LoadOption, message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint, context: { option } })
}
