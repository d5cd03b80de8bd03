import { MillraceError } from './errors.ts'

export interface Bounds {
  readonly min: number
  readonly max?: number
  readonly whole?: boolean
}

/**
 * A number, if it is within bounds.
 * @param name of what was given, such as --rate, and `shown` how
 * @throws MillraceError USAGE
 */
export function within(
  value: number,
  { min, max, whole = true }: Bounds,
  { name, shown, option }: { readonly name: string; readonly shown: string; readonly option: string },
): number {
  const fits = Number.isFinite(value) && value >= min && (max === undefined || value <= max)
  if (fits && (!whole || Number.isInteger(value))) return value
  const kind = whole ? 'a whole number' : 'a number'
  const range = max === undefined ? `from ${min}` : `from ${min} to ${max}`
  throw new MillraceError('USAGE', `${name} is ${shown}`, {
    hint: `Give ${kind} ${range}`,
    context: { option },
  })
}
