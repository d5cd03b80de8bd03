import type { LoadOptions } from '../load/options.ts'
import { rejectedBounds } from '../load/options.ts'
import { type Given, number, single } from './numbers.ts'

export interface RejectionArguments {
  readonly 'on-bad-record'?: Given
  readonly 'dead-letter'?: Given
  readonly 'max-rejected'?: Given
}

/**
 * What was said of bad records.
 * @throws MillraceError USAGE
 */
export function rejectionOptions(
  options: RejectionArguments,
): Pick<LoadOptions, 'deadLetter' | 'onBadRecord' | 'maxRejected'> {
  return {
    deadLetter: single('dead-letter', options['dead-letter']),
    onBadRecord: single('on-bad-record', options['on-bad-record']) as LoadOptions['onBadRecord'],
    maxRejected: maxOf(options['max-rejected']),
  }
}

function maxOf(given: Given): LoadOptions['maxRejected'] {
  const text = single('max-rejected', given)
  if (text === undefined) return undefined
  const { count, percent } = rejectedBounds
  if (!text.endsWith('%')) return { count: number('max-rejected', text, count) as number }
  return { percent: number('max-rejected', text.slice(0, -1), percent) as number }
}
