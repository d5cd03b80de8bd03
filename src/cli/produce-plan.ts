import type { Bounds } from '../bounds.ts'
import { parseDelimiter, STANDARD_INPUT } from '../input/index.ts'
import { type LoadOptions, loadBounds, PARTITION_BOUNDS } from '../load/options.ts'
import type { Io } from './command.ts'
import { type Given, number, single, topicName } from './numbers.ts'
import { type ProduceArguments, pair } from './produce-options.ts'
import { receiptOptions } from './produce-receipt.ts'
import { rejectionOptions } from './produce-rejections.ts'

/**
 * What the flags ask a load to do. Whether they go together is for the load to say.
 * @throws MillraceError USAGE for what no option can be made of
 */
export function loadOptions(options: ProduceArguments, { stdin }: Io): LoadOptions {
  const { files = [] } = options
  const headerFields = options['header-field']?.map(text => pair('header-field', text, 'PATH'))
  return {
    files,
    stdin: files.length === 0 || files.includes(STANDARD_INPUT) ? stdin : undefined,
    topic: options.topic === undefined ? undefined : topicName(options.topic),
    createTopic: createTopic(options),
    key: single('key', options.key),
    headers: options.header?.map(text => pair('header', text, 'value')),
    partition: partition(options.partition),
    format: choice<LoadOptions['format']>('format', options),
    decompress: choice<LoadOptions['decompress']>('decompress', options),
    delimiter: bytes('delimiter', options),
    keyDelimiter: bytes('key-delimiter', options),
    fieldDelimiter: bytes('field-delimiter', options),
    columns: single('columns', options.columns)?.split(','),
    csvValues: choice<LoadOptions['csvValues']>('csv-values', options),
    prefix: choice<LoadOptions['prefix']>('prefix', options),
    keyField: single('key-field', options['key-field']),
    valueField: single('value-field', options['value-field']),
    timestampField: single('timestamp-field', options['timestamp-field']),
    topicField: single('topic-field', options['topic-field']),
    partitionField: single('partition-field', options['partition-field']),
    headerFields,
    nullValue: single('null-value', options['null-value']),
    skipBlank: options['skip-blank'],
    producers: number('producers', options.producers, loadBounds.producers),
    threads: number('threads', options.threads, loadBounds.threads),
    loops: number('loops', options.loops, loadBounds.loops),
    rate: number('rate', options.rate, loadBounds.rate),
    rateBytes: number('rate-bytes', options['rate-bytes'], loadBounds.rateBytes),
    limit: number('limit', options.limit, loadBounds.limit),
    stallTimeoutMs: milliseconds('stall-timeout', options['stall-timeout'], loadBounds.stallTimeoutMs),
    drainTimeoutMs: milliseconds('drain-timeout', options['drain-timeout'], loadBounds.drainTimeoutMs),
    ...rejectionOptions(options),
    ...receiptOptions(options),
    allowExpired: options['allow-expired'],
  }
}

/** One of the words that yargs has let through. */
function choice<T extends string | undefined>(
  option: 'format' | 'decompress' | 'csv-values' | 'prefix',
  options: ProduceArguments,
): T {
  return single(option, options[option]) as T
}

function bytes(
  option: 'delimiter' | 'key-delimiter' | 'field-delimiter',
  options: ProduceArguments,
): Buffer | undefined {
  const text = single(option, options[option])
  return text === undefined ? undefined : parseDelimiter(text, `--${option}`)
}

function createTopic(options: ProduceArguments): LoadOptions['createTopic'] {
  const given = single('create-topic', options['create-topic'])
  // without a number it comes as nothing
  if (given === undefined || given === '') return given === ''
  return { partitions: number('create-topic', given, PARTITION_BOUNDS) }
}

function partition(given: Given): number | 'any' | undefined {
  return given === 'any' ? given : number('partition', given, loadBounds.partition)
}

/** Out of seconds. */
function milliseconds(
  option: string,
  given: Given,
  { min, max, whole }: Required<Bounds>,
): number | undefined {
  const seconds = number(option, given, { min: min / 1000, max: max / 1000, whole })
  return seconds === undefined ? undefined : 1000 * seconds
}
