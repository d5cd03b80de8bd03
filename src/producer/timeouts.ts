import { MillraceError } from '../errors.ts'

/** What timers and librdkafka take at most. */
const LONGEST_MS = 2_147_483_647

/**
 * A timeout as the user gave it, in ms; Infinity is as long as there is.
 * @throws MillraceError USAGE
 */
export function timeout(value: number): number {
  if (typeof value === 'number' && value >= 0) return Math.min(value, LONGEST_MS)
  throw new MillraceError('USAGE', `timeoutMs is ${typeof value === 'number' ? value : typeof value}`, {
    hint: 'Give milliseconds from 0',
  })
}

/** @throws MillraceError USAGE */
export function checkCloseOptions(options: {
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}): void {
  if (typeof options !== 'object' || options === null) {
    throw new MillraceError('USAGE', 'close takes options, or nothing')
  }
  const { timeoutMs, signal } = options
  if (timeoutMs !== undefined) timeout(timeoutMs)
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new MillraceError('USAGE', "`signal` is no AbortSignal of Node's")
  }
}
