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

/**
 * The options of a call, as the user gave them.
 * @throws MillraceError USAGE for what holds none
 */
export function optionsOf<T extends object>(call: string, options: T): T {
  if (typeof options === 'object' && options !== null) return options
  throw new MillraceError(
    'USAGE',
    `${call} takes options as an object, not ${options === null ? 'null' : typeof options}`,
    { hint: 'Leave them out for the defaults' },
  )
}

/** @throws MillraceError USAGE */
export function checkSignal(signal: AbortSignal | undefined): void {
  if (signal === undefined || signal instanceof AbortSignal) return
  throw new MillraceError('USAGE', "`signal` is no AbortSignal of Node's", {
    hint: 'Leave it out, or give the signal of an AbortController',
  })
}

/** @throws MillraceError USAGE */
export function checkCloseOptions(options: {
  timeoutMs?: number | undefined
  signal?: AbortSignal | undefined
}): void {
  const { timeoutMs, signal } = optionsOf('close', options)
  if (timeoutMs !== undefined) timeout(timeoutMs)
  checkSignal(signal)
}
