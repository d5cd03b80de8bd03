import { MillraceError } from '../errors.ts'
import type { OnBad } from './bad.ts'
import { type CsvValues, csvValues } from './csv.ts'
import type { FieldOptions } from './field-options.ts'
import { NAME_A_FIELD } from './fields.ts'
import { formatOf, type InputFormat, inputFormats, type NamedFormat } from './formats.ts'
import { type LengthPrefix, lengthPrefixes } from './prefixed.ts'
import { type Decompression, decompressions } from './unpack.ts'
import { inputInWords } from './wording.ts'

export interface ReadOptions extends FieldOptions {
  /** Default: auto. */
  readonly format?: InputFormat | undefined
  /** Default: auto, which goes by the file's name, and by the first bytes of standard input. */
  readonly decompress?: Decompression | undefined
  /** lines: exactly these bytes end a record. Default: LF, and a CR before it is not part of the record. */
  readonly delimiter?: Uint8Array | undefined
  /** lines: a record is a key, these bytes, a value. Default: no keys. */
  readonly keyDelimiter?: Uint8Array | undefined
  /** csv: the byte between fields. Default: a comma. */
  readonly fieldDelimiter?: Uint8Array | undefined
  /** csv, tsv: the columns' names; the first row is a record then. Default: the first row names them. */
  readonly columns?: readonly string[] | undefined
  /** csv, tsv: values without a value field. Default: bytes, the row as it stands. */
  readonly csvValues?: CsvValues | undefined
  /** length-prefixed: how lengths are written. Default: u32. */
  readonly prefix?: LengthPrefix | undefined
  /** A value of just these bytes is null, a tombstone. */
  readonly nullValue?: Uint8Array | undefined
  /** envelope: records that do not name their topic are bad. Default: false. */
  readonly needsTopic?: boolean | undefined
  /** Leaves out blank lines: of no bytes, or of white space only (ndjson, envelope). Default: false. */
  readonly skipBlank?: boolean | undefined
  /** In bytes; a longer record is bad. Default: 64 MiB. Memory may grow to a few times as much. */
  readonly maxRecordBytes?: number | undefined
  /** Records a block at most. Default: 10,000. */
  readonly maxRecords?: number | undefined
  /**
   * Default: stop. A function is called for each bad record in input order: after the block that ends
   * before it was given out, and before the one that consumed it is. What it throws ends the reading.
   */
  readonly onBad?: OnBad | undefined
}

const DEFAULT_MAX_RECORD_BYTES = 64 * 1024 * 1024
// what librdkafka takes for message.max.bytes at most
const LARGEST_MAX_RECORD_BYTES = 1_000_000_000
const DEFAULT_MAX_RECORDS = 10_000
const LARGEST_MAX_RECORDS = 1_000_000

const withFields: readonly NamedFormat[] = ['ndjson', 'csv', 'tsv']

/** Options that have a meaning in some formats only. */
const belongsTo: { readonly [option in SayableOption]?: readonly NamedFormat[] } = {
  delimiter: ['lines'],
  keyDelimiter: ['lines'],
  keyField: withFields,
  valueField: withFields,
  timestampField: withFields,
  topicField: withFields,
  partitionField: withFields,
  headerFields: withFields,
  fieldDelimiter: ['csv'],
  columns: ['csv', 'tsv'],
  csvValues: ['csv', 'tsv'],
  prefix: ['length-prefixed'],
  nullValue: ['lines', 'ndjson', 'csv', 'tsv', 'raw', 'length-prefixed'],
}

/** As a list: it is gone through for every input. */
const owned = Object.entries(belongsTo) as readonly [SayableOption, readonly NamedFormat[]][]

/** Those that name a field of the records. */
const paths = ['keyField', 'valueField', 'timestampField', 'topicField', 'partitionField'] as const

/** Those that say how a format is written: an input of another format does without. */
const manners = ['delimiter', 'fieldDelimiter', 'columns', 'csvValues', 'prefix'] as const

/**
 * The options for each of several inputs: without those that say how another one's format is written. What no
 * input has a use for stays, and is refused.
 */
export function optionsFor(inputs: readonly string[], options: ReadOptions): (input: string) => ReadOptions {
  // there may be many thousands of inputs
  const formats = new Set(inputs.map(name => formatOf(name, options.format)))
  const byFormat = new Map(
    [...formats].map(format => {
      const takes = (option: SayableOption, one: NamedFormat) => belongsTo[option]?.includes(one) === true
      const others = manners.filter(
        option => !takes(option, format) && [...formats].some(other => takes(option, other)),
      )
      const own: ReadOptions = {
        ...options,
        ...Object.fromEntries(others.map(option => [option, undefined])),
      }
      return [format, own]
    }),
  )
  return input => byFormat.get(formatOf(input, options.format)) ?? options
}

/** An option as whoever gave it writes it: a program, or a command line. */
export type SayOption = (option: SayableOption) => string

export type SayableOption = Exclude<
  keyof ReadOptions,
  'maxRecordBytes' | 'maxRecords' | 'onBad' | 'needsTopic'
>

export const asInPrograms: SayOption = option => option

/** What is needed to frame the records of an input, checked. */
export interface Limits {
  readonly maxRecordBytes: number
  readonly maxRecords: number
}

/** The format of that input, if the options fit it and each other. Throws USAGE. */
export function checkedFormat(
  input: string,
  options: ReadOptions,
  say: SayOption = asInPrograms,
): NamedFormat {
  const choices = { format: inputFormats, decompress: decompressions, csvValues, prefix: lengthPrefixes }
  for (const option of ['format', 'decompress', 'csvValues', 'prefix'] as const) {
    checkChoice(say(option), options[option], choices[option], option)
  }
  const format = formatOf(input, options.format)
  for (const [option, owners] of owned) {
    const value = options[option]
    if (value === undefined || owners.includes(format)) continue
    throw usage(
      `${inputInWords(input)} is read as ${format}, which has no ${say(option)}`,
      `It belongs to the format ${owners.join(', ')}: name the format, or leave the option out`,
      { input, format, option },
    )
  }
  checkBytes(options, say)
  // a column may be called nothing
  if (format === 'ndjson') checkPaths(options, say)
  if (options.valueField !== undefined && options.csvValues !== undefined) {
    const both = `${say('valueField')} and ${say('csvValues')}`
    throw usage(`${both} were given together`, 'Values come from one place', {})
  }
  return format
}

export function checkedLimits(options: ReadOptions): Limits {
  const { maxRecordBytes = DEFAULT_MAX_RECORD_BYTES, maxRecords = DEFAULT_MAX_RECORDS } = options
  return {
    maxRecordBytes: checkWhole('maxRecordBytes', maxRecordBytes, LARGEST_MAX_RECORD_BYTES),
    maxRecords: checkWhole('maxRecords', maxRecords, LARGEST_MAX_RECORDS),
  }
}

function checkPaths(options: ReadOptions, say: SayOption): void {
  for (const option of paths) {
    if (options[option] === '') throw usage(`${say(option)} is empty`, NAME_A_FIELD, { option })
  }
  const header = options.headerFields?.find(([, path]) => path === '')
  if (header === undefined) return
  const option = 'headerFields'
  const what = `${say(option)} names no field for ${JSON.stringify(header[0])}`
  throw usage(what, NAME_A_FIELD, { option })
}

function checkBytes(options: ReadOptions, say: SayOption): void {
  for (const option of ['delimiter', 'keyDelimiter'] as const) {
    if (options[option]?.length === 0)
      throw usage(`${say(option)} is empty`, 'Give at least one byte', { option })
  }
  const { fieldDelimiter, columns } = options
  if (
    fieldDelimiter !== undefined &&
    (fieldDelimiter.length !== 1 || '"\r\n'.includes(byteText(fieldDelimiter)))
  ) {
    const what = `${say('fieldDelimiter')} is not one byte that may stand between fields`
    throw usage(what, 'Give one such as ; or \\t', { option: 'fieldDelimiter' })
  }
  if (columns?.length === 0)
    throw usage(`${say('columns')} is empty`, 'Name at least one', { option: 'columns' })
}

function byteText(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('latin1')
}

function usage(message: string, hint: string, context: Record<string, unknown>): MillraceError {
  return new MillraceError('USAGE', message, { hint, context })
}

function checkChoice(
  said: string,
  value: string | undefined,
  choices: readonly string[],
  option: SayableOption,
): void {
  if (value === undefined || choices.includes(value)) return
  throw usage(`there is no ${said} ${value}`, `Choices are ${choices.join(', ')}`, { [option]: value })
}

function checkWhole(name: string, value: number, largest: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= largest) return value
  throw usage(`${name} is ${value}`, `Give a whole number from 1 to ${largest}`, { option: name, value })
}
