import { MillraceError } from '../errors.ts'

/**
 * The values of a list option, such as `1,4`; undefined where it was not given.
 * @throws MillraceError USAGE for an empty list or element, what `parse` does not take, or a value twice
 */
export function list<T>(
  option: string,
  text: string | undefined,
  parse: (element: string) => T | undefined,
  form: string,
): readonly T[] | undefined {
  if (text === undefined) return undefined
  const values = new Set<T>()
  for (const element of text.split(',')) {
    const value = parse(element.trim())
    if (value === undefined) {
      throw new MillraceError('USAGE', `--${option} has ${JSON.stringify(element)} in its list`, {
        hint: `Give ${form}, separated by commas`,
      })
    }
    if (values.has(value)) {
      throw new MillraceError('USAGE', `--${option} has ${element.trim()} twice`, {
        hint: 'Give each value once',
      })
    }
    values.add(value)
  }
  return [...values]
}

/** A list of whole numbers from `min` to `max`. */
export function numbers(
  option: string,
  text: string | undefined,
  min: number,
  max: number,
): readonly number[] | undefined {
  const parse = (element: string) => {
    const value = /^[\d_]+$/.test(element) ? Number(element.replaceAll('_', '')) : Number.NaN
    return value >= min && value <= max ? value : undefined
  }
  return list(option, text, parse, `whole numbers from ${min} to ${max}`)
}

/** A list of `max` and numbers above 0, up to `most`. */
export function rates(
  option: string,
  text: string | undefined,
  most: number,
): readonly (number | 'max')[] | undefined {
  const parse = (element: string) => {
    if (element === 'max') return element
    const value = /^[\d_]+(\.\d+)?$/.test(element) ? Number(element.replaceAll('_', '')) : Number.NaN
    return value > 0 && value <= most ? value : undefined
  }
  return list(option, text, parse, `messages a second, above 0 and up to ${most}, or max`)
}

/** A list out of a closed set. */
export function choices<T extends string>(
  option: string,
  text: string | undefined,
  set: readonly T[],
): readonly T[] | undefined {
  return list(option, text, element => set.find(value => value === element), `some of ${set.join(', ')}`)
}
