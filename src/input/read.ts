import { MillraceError } from '../errors.ts'
import type { Extracted, OnBad } from './bad.ts'
import type { MessageBlock, RecordBlock } from './block.ts'
import { type FieldPath, parseFieldPath } from './fields.ts'
import { splitKeys } from './keys.ts'
import { frameLines, type LineOptions } from './lines.ts'
import { NdjsonExtractor } from './ndjson.ts'
import type { Chunk, Input } from './source.ts'
import { inputInWords } from './wording.ts'

/** How records stand in an input; `auto` goes by the file's name, and takes standard input as lines. */
export const inputFormats = ['auto', 'lines', 'ndjson'] as const

export type InputFormat = (typeof inputFormats)[number]

export interface ReadOptions {
  /** Default: auto. */
  readonly format?: InputFormat | undefined
  /** lines: exactly these bytes end a record. Default: LF, and a CR before it is not part of the record. */
  readonly delimiter?: Uint8Array | undefined
  /** lines: a record is a key, these bytes, a value. Default: no keys. */
  readonly keyDelimiter?: Uint8Array | undefined
  /** ndjson: dotted path of the field that is the key. Default: no keys. */
  readonly keyField?: string | undefined
  /** Leaves out blank lines: of no bytes (lines), of white space only (ndjson). Default: false. */
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

/** How one input is read: bytes into records, records into messages. A format is one such pair. */
interface Reading {
  frame(chunks: AsyncIterable<Chunk>): AsyncIterable<RecordBlock>
  extract(records: RecordBlock): Extracted
}

type NamedFormat = Exclude<InputFormat, 'auto'>

const nameEndings: readonly (readonly [RegExp, NamedFormat])[] = [[/\.(?:ndjson|jsonl)$/i, 'ndjson']]

/** The format of an input, by its name where none is asked for. */
export function formatOf(name: string, asked: InputFormat = 'auto'): NamedFormat {
  if (asked !== 'auto') return asked
  return nameEndings.find(([ending]) => ending.test(name))?.[1] ?? 'lines'
}

/** Options that have a meaning in one format only. */
const belongsTo = {
  delimiter: 'lines',
  keyDelimiter: 'lines',
  keyField: 'ndjson',
} as const satisfies Partial<Record<keyof ReadOptions, NamedFormat>>

function usage(message: string, hint: string, context: Record<string, unknown>): MillraceError {
  return new MillraceError('USAGE', message, { hint, context })
}

function checkWhole(name: string, value: number, largest: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= largest) return value
  throw usage(`${name} is ${value}`, `Give a whole number from 1 to ${largest}`, { option: name, value })
}

function checkOptions(input: string, options: ReadOptions): NamedFormat {
  if (options.format !== undefined && !inputFormats.includes(options.format)) {
    throw usage(`there is no format ${options.format}`, `Formats are ${inputFormats.join(', ')}`, {
      format: options.format,
    })
  }
  const format = formatOf(input, options.format)
  for (const [option, owner] of Object.entries(belongsTo)) {
    if (options[option as keyof typeof belongsTo] === undefined || owner === format) continue
    throw usage(
      `${inputInWords(input)} is read as ${format}, which has no ${option}`,
      `It belongs to the format ${owner}: name the format, or leave the option out`,
      { input, format, option },
    )
  }
  for (const option of ['delimiter', 'keyDelimiter'] as const) {
    if (options[option]?.length === 0) throw usage(`${option} is empty`, 'Give at least one byte', { option })
  }
  return format
}

function planReading(input: string, options: ReadOptions): Reading {
  const format = checkOptions(input, options)
  const onBad = options.onBad ?? 'stop'
  const blank = format === 'ndjson' ? 'skip-whitespace' : 'skip-empty'
  const lines: LineOptions = {
    input,
    delimiter: options.delimiter,
    blank: options.skipBlank === true ? blank : 'keep',
    maxRecordBytes: checkWhole(
      'maxRecordBytes',
      options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
      LARGEST_MAX_RECORD_BYTES,
    ),
    maxRecords: checkWhole('maxRecords', options.maxRecords ?? DEFAULT_MAX_RECORDS, LARGEST_MAX_RECORDS),
    onBad,
  }
  const frame = (chunks: AsyncIterable<Chunk>) => frameLines(chunks, lines)
  const extract = format === 'ndjson' ? ndjson(options.keyField, onBad) : plain(options.keyDelimiter, onBad)
  return { frame, extract }
}

function ndjson(keyField: string | undefined, onBad: OnBad): Reading['extract'] {
  const path: FieldPath | undefined = keyField === undefined ? undefined : parseFieldPath(keyField)
  const extractor = new NdjsonExtractor(path)
  return records => extractor.extract(records, onBad)
}

function plain(keyDelimiter: Uint8Array | undefined, onBad: OnBad): Reading['extract'] {
  if (keyDelimiter !== undefined) {
    const delimiter = Buffer.from(keyDelimiter)
    return records => splitKeys(records, delimiter, onBad)
  }
  return records => {
    const { bytes, ranges, count } = records
    return { block: { bytes, ranges, keys: undefined, count, records }, stopped: undefined }
  }
}

/**
 * Sees that the options fit each other and the input of that name; throws USAGE where they do not.
 * For many inputs: call it for each before reading the first.
 */
export function checkReadOptions(input: string, options: ReadOptions): void {
  planReading(input, options)
}

async function* readAll(
  input: Input,
  { frame, extract }: Reading,
): AsyncGenerator<MessageBlock, void, undefined> {
  let given = 0
  for await (const records of frame(input.chunks())) {
    const { block, stopped } = extract(records)
    if (block.count > 0 || block.records.endByte > given) yield block
    given = block.records.endByte
    if (stopped !== undefined) throw stopped.error
  }
}

/**
 * The messages of one input, in its order, as blocks that live on for as long as they are held.
 * Waits for the input only, and reads no further than one chunk ahead of who asks. Throws USAGE at
 * once for options that do not fit; while reading INPUT_UNREADABLE, and BAD_RECORD where `onBad` is
 * `stop`, each after all records before it were given out. The blocks account for every byte of the
 * input (see RecordBlock); some have no messages.
 */
export function readRecords(
  input: Input,
  options: ReadOptions = {},
): AsyncGenerator<MessageBlock, void, undefined> {
  return readAll(input, planReading(input.name, options))
}
