import { checkTopic } from '../engine/message.ts'
import { MillraceError } from '../errors.ts'

/** Option values as yargs gives them: a string, or an array where the option was repeated. */
export type Given = string | readonly string[] | undefined

/** The one value of an option; the last counts would hide a mistake, so a second one is refused. */
export function single(option: string, given: Given): string | undefined {
  if (given === undefined || typeof given === 'string') return given
  if (given.length === 1) return given[0]
  throw new MillraceError('USAGE', `--${option} was given ${given.length} times`, { hint: 'Give it once' })
}

/** The value of --topic. */
export function topicName(given: Given): string {
  const topic = single('topic', given) ?? ''
  try {
    checkTopic(topic)
  } catch (cause) {
    throw new MillraceError('USAGE', (cause as MillraceError).message, {
      cause,
      context: { option: 'topic' },
    })
  }
  return topic
}

interface Bounds {
  readonly min: number
  readonly max?: number
  readonly whole?: boolean
}

/** A number within bounds, or undefined where the option was not given. */
export function number(option: string, given: Given, { min, max, whole = true }: Bounds): number | undefined {
  const text = single(option, given)
  if (text === undefined) return undefined
  const value = text.trim() === '' ? Number.NaN : Number(text.replaceAll('_', ''))
  const fits = Number.isFinite(value) && value >= min && (max === undefined || value <= max)
  if (fits && (!whole || Number.isInteger(value))) return value
  const kind = whole ? 'a whole number' : 'a number'
  const range = max === undefined ? `from ${min}` : `from ${min} to ${max}`
  throw new MillraceError('USAGE', `--${option} is ${JSON.stringify(text)}`, {
    hint: `Give ${kind} ${range}`,
  })
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 })

/** 1234567 as 1,234,567. */
export function count(value: number): string {
  return grouped.format(value)
}

/** Bytes in decimal units. */
export function size(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB']
  let value = bytes
  let unit = 0
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000
    unit++
  }
  return `${value.toFixed(unit === 0 ? 0 : 1)} ${units[unit]}`
}

/** Seconds as 42 s, 3 min 05 s, 2 h 04 min. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  const pad = (value: number) => String(value).padStart(2, '0')
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${pad(whole % 60)} s`
  return `${Math.floor(whole / 3600)} h ${pad(Math.floor((whole % 3600) / 60))} min`
}
