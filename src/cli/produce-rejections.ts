import { MillraceError } from '../errors.ts'
import type { MaxRejected, RejectionOptions } from '../load/rejections.ts'
import { type Given, number, single } from './numbers.ts'

/** What --on-bad-record may be. */
export const onBadRecord = ['stop', 'skip', 'dead-letter'] as const

export interface RejectionPlan extends Pick<RejectionOptions, 'onBadRecord' | 'maxRejected'> {
  readonly deadLetter: string | undefined
}

/**
 * What is to become of bad records.
 * @throws MillraceError USAGE where the options contradict each other
 */
export function planRejections(options: {
  readonly 'on-bad-record'?: Given
  readonly 'dead-letter'?: Given
  readonly 'max-rejected'?: Given
}): RejectionPlan {
  const deadLetter = single('dead-letter', options['dead-letter'])
  if (deadLetter === '') throw usage('--dead-letter is empty', 'Name a file')
  const asked = single('on-bad-record', options['on-bad-record'])
  const chosen = asked ?? (deadLetter === undefined ? 'stop' : 'dead-letter')
  const maxRejected = maxOf(options['max-rejected'])
  if (chosen === 'dead-letter' && deadLetter === undefined) {
    throw usage('--on-bad-record is dead-letter, and no file is named', 'Name one with --dead-letter FILE')
  }
  if (chosen !== 'dead-letter' && deadLetter !== undefined) {
    throw usage(
      `--dead-letter was given, but --on-bad-record is ${chosen}`,
      '--dead-letter is enough to have bad records put into that file',
    )
  }
  if (chosen === 'stop' && maxRejected !== undefined) {
    throw usage(
      '--max-rejected was given, but the first bad record stops the load',
      'Give --on-bad-record skip or --dead-letter FILE, too',
    )
  }
  return { onBadRecord: chosen === 'stop' ? 'stop' : 'skip', maxRejected, deadLetter }
}

function maxOf(given: Given): MaxRejected | undefined {
  const text = single('max-rejected', given)
  if (text === undefined) return undefined
  if (!text.endsWith('%')) return { count: number('max-rejected', text, { min: 0 }) as number }
  const percent = number('max-rejected', text.slice(0, -1), { min: 0, max: 100, whole: false })
  return { percent: percent as number }
}

function usage(message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint })
}
