import { MillraceError } from '../errors.ts'
import type { Framed, Message } from '../types.ts'
import { checkFramed, isFramed } from './framed.ts'

/** Each has a slot in the addon, of 40 bytes. */
const MOST_IN_BATCH = 2 ** 26

function checkLength(length: number): number {
  if (length <= MOST_IN_BATCH) return length
  throw new MillraceError('USAGE', `A batch has at most ${MOST_IN_BATCH} messages, not ${length}`, {
    hint: 'Send several batches, or use produceFrom',
  })
}

/**
 * The number of messages in a batch, framed or not.
 * @throws MillraceError USAGE for what is no batch, or one beyond all bounds; INVALID_MESSAGE for a frame whose ranges
 * do not fit
 */
export function batchLength(messages: readonly Message[] | Framed): number {
  if (Array.isArray(messages)) return checkLength(messages.length)
  if (isFramed(messages)) return checkLength(checkFramed(messages))
  throw new MillraceError('USAGE', 'sendBatch takes an array of messages, or framed bytes')
}
