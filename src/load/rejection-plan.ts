import { MillraceError } from '../errors.ts'
import type { LoadOptions } from './options.ts'
import type { RejectionOptions } from './rejections.ts'
import { type LoadOption, type Spelling, spell } from './spelling.ts'

export interface RejectionPlan extends Pick<RejectionOptions, 'onBadRecord' | 'maxRejected'> {
  /** The file to put rejected records into. */
  readonly deadLetter: string | undefined
}

/**
 * What is to become of bad records.
 * @throws MillraceError USAGE where the options contradict each other
 */
export function planRejections(
  { deadLetter, onBadRecord, maxRejected }: Pick<LoadOptions, 'deadLetter' | 'onBadRecord' | 'maxRejected'>,
  spelling: Spelling,
): RejectionPlan {
  const say = (option: LoadOption, value?: string) => spell(spelling, option, value)
  if (deadLetter === '') throw usage('deadLetter', `${say('deadLetter')} is empty`, 'Name a file')
  const chosen = onBadRecord ?? (deadLetter === undefined ? 'stop' : 'dead-letter')
  if (chosen === 'dead-letter' && deadLetter === undefined) {
    throw usage(
      'deadLetter',
      `${say('onBadRecord')} is dead-letter, and no file is named`,
      `Name one with ${say('deadLetter', 'FILE')}`,
    )
  }
  if (chosen !== 'dead-letter' && deadLetter !== undefined) {
    throw usage(
      'onBadRecord',
      `${say('deadLetter')} was given, but ${say('onBadRecord')} is ${chosen}`,
      `${say('deadLetter')} is enough to have bad records put into that file`,
    )
  }
  if (chosen === 'stop' && maxRejected !== undefined) {
    throw usage(
      'maxRejected',
      `${say('maxRejected')} was given, but the first bad record stops the load`,
      `Give ${say('onBadRecord', 'skip')} or ${say('deadLetter', 'FILE')}, too`,
    )
  }
  return { onBadRecord: chosen === 'stop' ? 'stop' : 'skip', maxRejected, deadLetter }
}

function usage(option: LoadOption, message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint, context: { option } })
}
