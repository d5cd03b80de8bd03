import { MillraceError } from '../errors.ts'
import { formatOf, parseDelimiter, type ReadOptions } from '../input/index.ts'
import type { LoadOptions } from '../load/load.ts'
import { type Given, number, single, topicName } from './numbers.ts'
import { type ProduceArguments, pair } from './produce-options.ts'
import { planRejections } from './produce-rejections.ts'

/** The longest timeouts, in seconds; timers take no more than 24 days. */
const DAY = 86_400

export interface ProducePlan {
  readonly read: ReadOptions
  readonly producers: number
  readonly load: Omit<LoadOptions, 'producers' | 'inputs' | 'read' | 'deadLetters'>
  /** The file to put rejected records into. */
  readonly deadLetter: string | undefined
  /** Absent: a topic that is not there is refused. Without partitions: as many as the brokers give it. */
  readonly createTopic: { readonly partitions: number | undefined } | undefined
}

/** Everything that can be wrong with the options is found here, before anything is connected. */
export function planProduce(options: ProduceArguments): ProducePlan {
  refuseTogether(options, ['key', 'key-delimiter', 'key-field'], 'Keys come from one place')
  refuseTogether(options, ['topic', 'topic-field'], 'The topic comes from one place')
  refuseTogether(options, ['partition', 'partition-field'], 'The partition comes from one place')
  refuseTogether(options, ['value-field', 'csv-values'], 'Values come from one place')
  const threads = number('threads', options.threads, { min: 1, max: 256 })
  const read = readOptions(options)
  const topic = options.topic === undefined ? undefined : topicName(options.topic)
  if (topic === undefined && read.topicField === undefined && !allEnvelopes(options, read)) {
    throw new MillraceError('USAGE', '--topic is missing', {
      hint: 'Name it with -t, or have the records name it with --topic-field',
    })
  }
  const { deadLetter, ...rejections } = planRejections(options)
  return {
    deadLetter,
    read: { ...read, needsTopic: topic === undefined },
    producers: number('producers', options.producers, { min: 1, max: 1000 }) ?? 1,
    createTopic: createTopic(options, topic),
    load: {
      ...rejections,
      topic,
      key: single('key', options.key),
      headers: options.header?.map(text => pair('header', text, 'value')),
      partition: partitionOption(options.partition),
      threads: threads === 1 ? undefined : threads,
      loops: number('loops', options.loops, { min: 1, max: 10_000 }),
      rate: number('rate', options.rate, { min: 0.001, whole: false }),
      rateBytes: number('rate-bytes', options['rate-bytes'], { min: 1, whole: false }),
      limit: number('limit', options.limit, { min: 0 }),
      stallTimeoutMs: 1000 * (seconds('stall-timeout', options['stall-timeout'], 1) ?? 60),
      drainTimeoutMs: 1000 * drainTimeout(options),
    },
  }
}

/**
 * Whether that engine can be used by so many threads.
 * @throws MillraceError USAGE
 */
export function checkThreads({ threads }: ProducePlan['load'], engine: string): void {
  if (threads === undefined || engine !== 'callback') return
  throw new MillraceError(
    'USAGE',
    `--threads is ${threads}, but the callback engine works in one thread only`,
    {
      hint: 'Leave --threads out, or see with --engine batch why the batch engine is not used',
      context: { option: 'threads', engine },
    },
  )
}

/** In seconds. */
export function drainTimeout(options: ProduceArguments): number {
  return seconds('drain-timeout', options['drain-timeout'], 0) ?? 30
}

function readOptions(options: ProduceArguments): ReadOptions {
  const bytes = (option: 'delimiter' | 'key-delimiter' | 'field-delimiter') => {
    const text = single(option, options[option])
    return text === undefined ? undefined : parseDelimiter(text)
  }
  const columns = single('columns', options.columns)
  const nullValue = single('null-value', options['null-value'])
  const headerFields = options['header-field']?.map(text => pair('header-field', text, 'PATH'))
  return {
    format: single('format', options.format) as ReadOptions['format'],
    decompress: single('decompress', options.decompress) as ReadOptions['decompress'],
    delimiter: bytes('delimiter'),
    keyDelimiter: bytes('key-delimiter'),
    fieldDelimiter: bytes('field-delimiter'),
    columns: columns?.split(','),
    csvValues: single('csv-values', options['csv-values']) as ReadOptions['csvValues'],
    prefix: single('prefix', options.prefix) as ReadOptions['prefix'],
    keyField: single('key-field', options['key-field']),
    valueField: single('value-field', options['value-field']),
    timestampField: single('timestamp-field', options['timestamp-field']),
    topicField: single('topic-field', options['topic-field']),
    partitionField: single('partition-field', options['partition-field']),
    headerFields,
    nullValue: nullValue === undefined ? undefined : Buffer.from(nullValue),
    skipBlank: options['skip-blank'],
  }
}

function allEnvelopes({ files = [] }: ProduceArguments, { format }: ReadOptions): boolean {
  const names = files.length === 0 ? ['-'] : files
  return names.every(name => formatOf(name, format) === 'envelope')
}

function createTopic(
  options: ProduceArguments,
  topic: string | undefined,
): { readonly partitions: number | undefined } | undefined {
  const given = single('create-topic', options['create-topic'])
  if (given === undefined) return undefined
  if (topic === undefined) {
    throw new MillraceError(
      'USAGE',
      '--create-topic makes the topic of the load, but the records name theirs',
      {
        hint: 'Name one with -t, or make the topics before',
      },
    )
  }
  // without a number it comes as nothing
  if (given === '') return { partitions: undefined }
  return { partitions: number('create-topic', given, { min: 1, max: 100_000 }) }
}

function refuseTogether(
  options: ProduceArguments,
  names: readonly (keyof ProduceArguments & string)[],
  hint: string,
): void {
  const given = names.filter(name => options[name] !== undefined).map(name => `--${name}`)
  if (given.length < 2) return
  throw new MillraceError('USAGE', `${given.join(' and ')} were given together`, { hint })
}

function partitionOption(given: Given): number | 'any' | undefined {
  return given === 'any' ? given : number('partition', given, { min: 0, max: 0x7fff_ffff })
}

function seconds(option: string, given: Given, min: number): number | undefined {
  return number(option, given, { min, max: DAY, whole: false })
}
