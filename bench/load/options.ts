import { parseArgs } from 'node:util'
import { whole } from '../speed/options.ts'

export interface Options {
  /** Empty: all lines. */
  readonly only: readonly string[]
  readonly pairs: number
  /** Apache Kafka instead of embedded clusters. */
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
      pairs: { type: 'string', default: '7' },
      kafka: { type: 'boolean', default: false },
      record: { type: 'boolean', default: true },
    },
  })
  return {
    only: values.only?.split(',').filter(name => name !== '') ?? [],
    pairs: whole('pairs', values.pairs, 1),
    kafka: values.kafka,
    record: values.record,
  }
}
