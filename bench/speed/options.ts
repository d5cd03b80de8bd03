import { parseArgs } from 'node:util'

export interface Options {
  /** Empty: all lines. */
  readonly only: readonly string[]
  readonly pairs: number
  readonly seconds: number
  readonly millions: number
  /** Whether lines on Apache Kafka are measured. */
  readonly kafka: boolean
  readonly record: boolean
}

/** @throws Error for what it does not know */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      only: { type: 'string' },
      pairs: { type: 'string', default: '11' },
      seconds: { type: 'string', default: '4' },
      millions: { type: 'string', default: '50' },
      kafka: { type: 'boolean', default: false },
      record: { type: 'boolean', default: true },
    },
  })
  return {
    only: values.only?.split(',').filter(name => name !== '') ?? [],
    pairs: whole('pairs', values.pairs, 1),
    seconds: whole('seconds', values.seconds, 1),
    // one million is what it is compared with
    millions: whole('millions', values.millions, 2),
    kafka: values.kafka,
    record: values.record,
  }
}

/** @throws Error for anything but a whole number from `least` */
export function whole(name: string, given: string, least: number): number {
  const value = Number(given)
  if (Number.isInteger(value) && value >= least) return value
  throw new Error(`--${name} takes a whole number from ${least}, not ${given}`)
}

/** The lines that were named, or all. @throws Error for a name that is none */
export function chosen<Line extends { readonly name: string }>(
  lines: readonly Line[],
  only: readonly string[],
  what = 'line',
): Line[] {
  const names = lines.map(({ name }) => name)
  const unknown = only.find(name => !names.includes(name))
  if (unknown !== undefined) throw new Error(`there is no ${what} ${unknown}; there are ${names.join(', ')}`)
  return lines.filter(({ name }) => only.length === 0 || only.includes(name))
}
