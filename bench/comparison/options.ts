import { parseArgs } from 'node:util'
import { codecs, defaultSettings, type Settings } from '../peers/settings.ts'

export interface Options {
  readonly cluster: 'embedded' | 'kafka' | 'brokers'
  /** With `brokers`. */
  readonly brokers: string | null
  /** Empty: all contenders. */
  readonly only: readonly string[]
  readonly pairs: number
  readonly seconds: number
  readonly messageSize: number
  readonly partitions: number
  /** Rounds in which the polling of node-rdkafka is chosen. */
  readonly tries: number
  readonly settings: Settings
  readonly record: boolean
}

/** @throws Error for what it does not know */
export function readOptions(args: readonly string[]): Options {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      kafka: { type: 'boolean', default: false },
      brokers: { type: 'string' },
      only: { type: 'string' },
      pairs: { type: 'string', default: '11' },
      seconds: { type: 'string', default: '4' },
      'message-size': { type: 'string', default: '100' },
      partitions: { type: 'string', default: '4' },
      tries: { type: 'string', default: '2' },
      compression: { type: 'string', default: 'none' },
      'compression-level': { type: 'string' },
      record: { type: 'boolean', default: true },
    },
  })
  if (values.kafka && values.brokers !== undefined)
    throw new Error('--kafka and --brokers exclude each other')
  const codec = codecs.find(name => name === values.compression)
  if (codec === undefined) {
    throw new Error(`--compression takes ${codecs.join(', ')}, not ${values.compression}`)
  }
  const level = values['compression-level']
  return {
    cluster: values.kafka ? 'kafka' : values.brokers === undefined ? 'embedded' : 'brokers',
    brokers: values.brokers ?? null,
    only: values.only?.split(',').filter(name => name !== '') ?? [],
    pairs: whole('pairs', values.pairs),
    seconds: whole('seconds', values.seconds),
    messageSize: whole('message-size', values['message-size']),
    partitions: whole('partitions', values.partitions),
    tries: whole('tries', values.tries),
    settings: {
      ...defaultSettings,
      compression: { codec, level: level === undefined ? null : whole('compression-level', level) },
    },
    record: values.record,
  }
}

function whole(name: string, given: string): number {
  const value = Number(given)
  if (Number.isInteger(value) && value >= 1) return value
  throw new Error(`--${name} takes a whole number from 1, not ${given}`)
}
