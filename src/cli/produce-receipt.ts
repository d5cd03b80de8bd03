import { MillraceError } from '../errors.ts'
import type { LoadOptions } from '../load/options.ts'
import type { ResumeMode } from '../load/receipt/lines.ts'
import { type Given, single } from './numbers.ts'

export interface ReceiptArguments {
  readonly receipt?: Given
  readonly 'no-receipt': boolean
  readonly resume: boolean
  readonly 'resume-mode'?: Given
}

/**
 * What was said of the receipt.
 * @throws MillraceError USAGE where flags contradict each other that are one option of a load
 */
export function receiptOptions(options: ReceiptArguments): Pick<LoadOptions, 'receipt' | 'resume'> {
  const receipt = single('receipt', options.receipt)
  const mode = single('resume-mode', options['resume-mode']) as ResumeMode | undefined
  if (options['no-receipt'] && receipt !== undefined)
    throw usage('--no-receipt and --receipt were given together', 'Leave one of them out')
  if (mode !== undefined && !options.resume)
    throw usage('--resume-mode was given without --resume', 'It says how a load is gone on with')
  return {
    receipt: options['no-receipt'] ? false : receipt,
    resume: options.resume && (mode ?? true),
  }
}

function usage(message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint })
}
