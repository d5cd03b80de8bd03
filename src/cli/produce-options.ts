import { MillraceError } from '../errors.ts'
import { csvValues, decompressions, inputFormats, lengthPrefixes } from '../input/index.ts'
import { onBadRecord } from '../load/options.ts'
import { resumeModes } from '../load/receipt/lines.ts'
import { type ProducerArguments, producerOptions } from './common.ts'
import type { Given } from './numbers.ts'
import type { OptionTable } from './options.ts'

export interface ProduceArguments extends ProducerArguments {
  files?: readonly string[]
  topic?: Given
  'create-topic'?: Given
  format?: Given
  decompress?: Given
  delimiter?: Given
  'key-delimiter'?: Given
  prefix?: Given
  columns?: Given
  'field-delimiter'?: Given
  'csv-values'?: Given
  key?: Given
  'key-field'?: Given
  'value-field'?: Given
  'timestamp-field'?: Given
  'topic-field'?: Given
  'partition-field'?: Given
  'header-field'?: readonly string[]
  'null-value'?: Given
  header?: readonly string[]
  partition?: Given
  'skip-blank': boolean
  'on-bad-record'?: Given
  'dead-letter'?: Given
  'max-rejected'?: Given
  rate?: Given
  'rate-bytes'?: Given
  limit?: Given
  loops?: Given
  threads?: Given
  producers?: Given
  receipt?: Given
  'no-receipt': boolean
  resume: boolean
  'resume-mode'?: Given
  'stall-timeout'?: Given
  'drain-timeout'?: Given
  'dry-run': boolean
  'allow-expired': boolean
  'no-progress': boolean
}

const EXAMPLES = `$0 produce -b localhost:9092 -t events data.txt                 every line is a message
$0 produce -b localhost:9092 -t events -K : data.txt            key, colon, value
$0 produce -b localhost:9092 -t events --key-field user.id data.ndjson.gz
$0 produce -b localhost:9092 -t events --key-field id --csv-values json data.csv
$0 read -b one:9092 -t a | $0 produce -b two:9092 -t b --format envelope
$0 produce -b localhost:9092 -t events --threads 4 big.ndjson *.gz   parsing on four cores
$0 produce -b localhost:9092 -t events --dead-letter bad.envelope --max-rejected 1% data.ndjson
$0 produce --dry-run -t events data.csv                         what would be sent
$0 produce --embedded -t events data.txt                        without a broker, for a trial

$0 produce [OPTIONS] [FILES…]                                   no file, or -: standard input

Load files, or standard input, into a topic, and account for every record.
A broker refuses whole batches for one bad record. The others are sent again, and come behind later ones then.
Files are what their names say: .ndjson .jsonl .csv .tsv .envelope, each also .gz or .zst; otherwise lines.
PATH is user.id for a field inside another (ndjson), or a column (csv, tsv).`

/** The options of `millrace produce`. */
export function produceOptions(table: OptionTable): OptionTable {
  const text = { type: 'string', requiresArg: true } as const
  const list = { type: 'string', array: true, nargs: 1 } as const
  return producerOptions(
    table
      .usage(EXAMPLES)
      .option('topic', { ...text, alias: 't', describe: 'topic; in place of those that envelopes name' })
      .option('create-topic', {
        type: 'string',
        describe: '[=PARTITIONS] makes the topic where it is not there; default: as the brokers have it set',
      })
      .option('format', { ...text, choices: inputFormats, describe: 'default auto: by file name, or lines' })
      .option('decompress', {
        ...text,
        choices: decompressions,
        describe: 'default auto: .gz and .zst, standard input by its first bytes',
      })
      .option('delimiter', { ...text, describe: 'lines: what ends a record, as \\0 or \\x1e' })
      .option('key-delimiter', {
        ...text,
        alias: 'K',
        describe: 'lines: what stands between key and value',
      })
      .option('prefix', {
        ...text,
        choices: lengthPrefixes,
        describe: 'length-prefixed: four bytes, big-endian (default), or varints as in protobuf',
      })
      .option('columns', { ...text, describe: 'csv, tsv: names, as id,name; default: the first row' })
      .option('field-delimiter', { ...text, describe: 'csv: what stands between fields, as ; or \\t' })
      .option('csv-values', {
        ...text,
        choices: csvValues,
        describe: 'csv, tsv: the row as it stands (default), or a JSON object by column',
      })
      .option('key', { ...text, alias: 'k', describe: 'one key for all' })
      .option('key-field', { ...text, describe: 'PATH of the key' })
      .option('value-field', { ...text, describe: 'PATH of the value; default: the record as it stands' })
      .option('timestamp-field', { ...text, describe: 'PATH of the timestamp: ms since 1970, or ISO 8601' })
      .option('topic-field', { ...text, describe: 'PATH of the topic, instead of --topic' })
      .option('partition-field', { ...text, describe: 'PATH of the partition' })
      .option('header-field', { ...list, describe: 'name=PATH of a header; repeatable' })
      .option('null-value', { ...text, describe: 'a value of just this text is null: a tombstone' })
      .option('header', { ...list, alias: 'H', describe: 'name=value; repeatable' })
      .option('partition', {
        ...text,
        alias: 'p',
        describe: 'a number, or any: chosen by key, whatever envelopes say',
      })
      .option('skip-blank', { type: 'boolean', default: false, describe: 'leave out blank lines' })
      .option('on-bad-record', {
        ...text,
        choices: onBadRecord,
        describe: 'a record that cannot be sent, or that the broker refuses; default stop',
      })
      .option('dead-letter', {
        ...text,
        describe: 'FILE for such records, with the reason; --format envelope sends them again',
      })
      .option('max-rejected', {
        ...text,
        describe: 'of such records: N, or P% of those read; beyond it, stop',
      })
      .option('rate', { ...text, describe: 'messages per second, over all' })
      .option('rate-bytes', {
        ...text,
        describe: 'bytes of keys and values per second, over all; with --rate both hold',
      })
      .option('limit', { ...text, describe: 'records to read at most' })
      .option('loops', {
        ...text,
        describe: 'parallel produce loops a producer; default 1, which keeps the order',
      })
      .option('threads', {
        ...text,
        describe:
          'worker threads that read, unpack and parse parts of the files; order holds within a part only',
      })
      .option('producers', { ...text, describe: 'producers; default 1' })
      .option('receipt', {
        ...text,
        describe:
          'file to write down in how far the load has come; default: beside the first file, its name with .receipt',
      })
      .option('no-receipt', {
        type: 'boolean',
        default: false,
        describe: 'write none; the load cannot be resumed',
      })
      .option('resume', {
        type: 'boolean',
        default: false,
        describe: 'go on with the load that the receipt tells of, with the same files and options',
      })
      .option('resume-mode', {
        ...text,
        choices: resumeModes,
        describe:
          'ordered (default): what follows what is missing is sent again, too; gaps: only what is missing',
      })
      .option('stall-timeout', {
        ...text,
        describe: 'seconds without any acknowledgement before giving up; default 60',
      })
      .option('drain-timeout', {
        ...text,
        describe: 'seconds to wait for acknowledgements when cut short; default 30',
      })
      .option('dry-run', {
        type: 'boolean',
        default: false,
        describe: 'read all inputs, send nothing, and tell what would be sent; brokers are asked where given',
      })
      .option('allow-expired', {
        type: 'boolean',
        default: false,
        describe:
          'load what the topic deletes soon or refuses, by its timestamps, or has other times written into',
      })
      .option('no-progress', { type: 'boolean', default: false, describe: 'no bar, no lines' }),
  )
}

/** The two sides of a name=… option. */
export function pair(option: string, text: string, right: string): readonly [name: string, right: string] {
  const at = text.indexOf('=')
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  throw new MillraceError('USAGE', `--${option} is ${JSON.stringify(text)}`, { hint: `Give name=${right}` })
}
