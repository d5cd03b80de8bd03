import { MillraceError } from '../errors.ts'
import type { Extracted, OnBad } from './bad.ts'
import type { MessageBlock, RecordBlock } from './block.ts'
import { CsvExtractor } from './csv.ts'
import { CsvCutter } from './csv-rows.ts'
import { EnvelopeExtractor } from './envelopes.ts'
import { FieldExtractor } from './extract.ts'
import { planFields } from './field-options.ts'
import type { ChunkRing } from './file.ts'
import { formatOf, type NamedFormat } from './formats.ts'
import { RecordFramer } from './framer.ts'
import { BlockFinder } from './json-fields.ts'
import { splitKeys } from './keys.ts'
import { LineFramer, type LineOptions } from './lines.ts'
import { JsonReader } from './ndjson.ts'
import { nullValues } from './null-values.ts'
import {
  asInPrograms,
  checkedFormat,
  checkedLimits,
  type Limits,
  type ReadOptions,
  type SayOption,
} from './options.ts'
import { PrefixCutter } from './prefixed.ts'
import { frameRaw } from './raw.ts'
import type { Chunk, Input } from './source.ts'
import { unpacked } from './unpack.ts'

/** How one input is read: bytes into records, records into messages. A format is one such pair. */
interface Reading {
  frame(chunks: AsyncIterable<Chunk>): AsyncIterable<RecordBlock>
  /** For an input that is at hand in whole. Absent: the format has no use for that. */
  readonly framer?: (() => Framer) | undefined
  extract(records: RecordBlock): Extracted
}

/** What cuts chunks into blocks without waiting: LineFramer or RecordFramer. */
interface Framer {
  push(chunk: Chunk): Iterable<RecordBlock>
  end(): Iterable<RecordBlock>
}

/** An input, the options, and what of them was checked. */
interface Task extends Limits {
  readonly input: string
  readonly options: ReadOptions
  readonly onBad: OnBad
  readonly nullValue: Buffer | undefined
  /** Offset of the first byte, where a record begins. */
  readonly start: number
  readonly say: SayOption
}

const COMMA = 0x2c
const TAB = 0x09

const readings: Readonly<Record<NamedFormat, (task: Task) => Reading>> = {
  lines: task => ({ ...framing(lineFramer(task, 'skip-empty')), extract: plain(task) }),
  ndjson: task => ({ ...framing(lineFramer(task, 'skip-whitespace')), extract: ndjson(task) }),
  csv: task => rows(task, 'csv'),
  tsv: task => rows(task, 'tsv'),
  raw: task => ({ frame: chunks => frameRaw(chunks, task), extract: plain(task) }),
  'length-prefixed': task => ({ ...framing(prefixFramer(task)), extract: plain(task) }),
  envelope: task => ({ ...framing(lineFramer(task, 'skip-whitespace')), extract: envelopes(task) }),
}

function planReading(input: string, options: ReadOptions, start = 0, say = asInPrograms): Reading {
  return readingAs(checkedFormat(input, options, say), input, options, start, say)
}

function readingAs(
  format: NamedFormat,
  input: string,
  options: ReadOptions,
  start = 0,
  say = asInPrograms,
): Reading {
  return readings[format](taskOf(input, options, start, say))
}

function taskOf(input: string, options: ReadOptions, start: number, say = asInPrograms): Task {
  const { nullValue, onBad = 'stop' } = options
  return {
    input,
    options,
    onBad,
    nullValue: nullValue === undefined ? undefined : Buffer.from(nullValue),
    start,
    say,
    ...checkedLimits(options),
  }
}

function framing(framer: () => Framer): Pick<Reading, 'frame' | 'framer'> {
  return { framer, frame: chunks => framed(chunks, framer()) }
}

/** The records of the chunks, as blocks in input order. Waits only for chunks; fails as they do, or with BAD_RECORD. */
async function* framed(
  chunks: AsyncIterable<Chunk>,
  framer: Framer,
): AsyncGenerator<RecordBlock, void, undefined> {
  for await (const chunk of chunks) yield* framer.push(chunk)
  yield* framer.end()
}

function lineFramer(task: Task, blank: 'skip-empty' | 'skip-whitespace'): () => Framer {
  const { input, options, maxRecordBytes, maxRecords, onBad, start } = task
  const lines: LineOptions = {
    input,
    delimiter: options.delimiter,
    blank: options.skipBlank === true ? blank : 'keep',
    maxRecordBytes,
    maxRecords,
    onBad,
    start,
  }
  return () => new LineFramer(lines)
}

function prefixFramer({ input, options, maxRecordBytes, maxRecords, onBad, start }: Task): () => Framer {
  const { prefix = 'u32', skipBlank: skipEmpty = false } = options
  const records = { input, unit: 'record', skipEmpty, maxRecordBytes, maxRecords, onBad, start } as const
  return () => new RecordFramer(new PrefixCutter(input, prefix, start), records)
}

function plain({ options, onBad, nullValue }: Task): Reading['extract'] {
  const { keyDelimiter } = options
  const withoutKeys = (records: RecordBlock): Extracted => {
    const { bytes, ranges, count } = records
    return { block: { bytes, ranges, keys: undefined, count, records }, stopped: undefined }
  }
  const delimiter = keyDelimiter === undefined ? undefined : Buffer.from(keyDelimiter)
  const split =
    delimiter === undefined
      ? withoutKeys
      : (records: RecordBlock): Extracted => splitKeys(records, delimiter, onBad)
  return nullValue === undefined ? split : records => nullValues(split(records), nullValue)
}

function ndjson({ options, onBad, nullValue }: Task): Reading['extract'] {
  const plan = planFields(options)
  const reader = new JsonReader(plan.paths, BlockFinder.of(plan))
  const extractor = new FieldExtractor(reader, plan, nullValue)
  return records => extractor.extract(records, onBad)
}

function rows(task: Task, format: 'csv' | 'tsv'): Reading & { readonly extractor: CsvExtractor } {
  const { input, options, maxRecordBytes, maxRecords, nullValue, onBad, start, say } = task
  const delimiter = options.fieldDelimiter?.[0] ?? (format === 'csv' ? COMMA : TAB)
  const { columns, csvValues: values = 'bytes', skipBlank: skipEmpty = false } = options
  const plan = planFields(options)
  const extractor = new CsvExtractor({
    input,
    format,
    delimiter,
    columns,
    values,
    plan,
    nullValue,
    onBad,
    say,
  })
  const onBadFrame = extractor.onBadFrame
  const limits = { input, onBad: onBadFrame, maxRecordBytes, maxRecords, start }
  const records = { ...limits, unit: 'line', skipEmpty } as const
  return {
    extractor,
    // rows of tsv are lines: nothing in them may hide a line's end
    ...framing(
      format === 'tsv'
        ? lineFramer({ ...task, onBad: onBadFrame }, 'skip-empty')
        : () => new RecordFramer(new CsvCutter(delimiter, start), records),
    ),
    extract: records => extractor.extract(records),
  }
}

function envelopes({ options, onBad }: Task): Reading['extract'] {
  const extractor = new EnvelopeExtractor(options.needsTopic === true)
  return records => extractor.extract(records, onBad)
}

/**
 * Sees that the options fit each other and the input of that name; throws USAGE where they do not, which calls them
 * as `say` does. For many inputs: call it for each before reading the first.
 */
export function checkReadOptions(input: string, options: ReadOptions, say?: SayOption): void {
  planReading(input, options, 0, say)
}

async function* readAll(
  chunks: AsyncIterable<Chunk>,
  { frame, extract }: Reading,
  start: number,
): AsyncGenerator<MessageBlock, void, undefined> {
  let given = start
  for await (const records of frame(chunks)) {
    const { block, stopped } = extract(records)
    if (block.count > 0 || block.records.endByte > given) yield block
    given = block.records.endByte
    if (stopped !== undefined) throw stopped.error
  }
}

/**
 * The messages of one input, in its order, as blocks that live on for as long as they are held; with a ring, each until
 * the next one is asked for, unless the ring holds it.
 * Waits for the input only, and reads no further than one chunk ahead of who asks. Throws USAGE at
 * once for options that do not fit; while reading INPUT_UNREADABLE, and BAD_RECORD where `onBad` is
 * `stop`, each after all records before it were given out. The blocks account for every byte of the
 * input (see RecordBlock), of a packed one for every byte of what was packed; some have no messages.
 */
export function readRecords(
  input: Input,
  options: ReadOptions = {},
  ring?: ChunkRing,
): AsyncGenerator<MessageBlock, void, undefined> {
  const { start = 0 } = input
  const reading = planReading(input.name, options, start)
  return readAll(unpacked(input, options.decompress, ring), reading, start)
}

/**
 * All messages of an input whose plain content is at hand, without waiting. Undefined where it has to be read as any
 * other, to be told of as it is read: something in it is bad. The options have to have been checked: there may be many thousands
 * of inputs with the same.
 */
export function readWhole(name: string, content: Buffer, options: ReadOptions): MessageBlock[] | undefined {
  const format = formatOf(name, options.format)
  const { framer, extract } = readingAs(format, name, { ...options, onBad: 'stop' })
  if (framer === undefined) return undefined
  const blocks: MessageBlock[] = []
  try {
    const whole = framer()
    for (const records of [...whole.push({ memory: content, start: 0 }), ...whole.end()]) {
      const { block, stopped } = extract(records)
      if (stopped !== undefined) return undefined
      blocks.push(block)
    }
  } catch (error) {
    if (error instanceof MillraceError) return undefined
    throw error
  }
  return blocks
}

/** The columns' names out of the first row of a csv or tsv input, of which it reads no more. Throws as readRecords. */
export async function readColumns(
  input: Input,
  options: ReadOptions,
): Promise<readonly string[] | undefined> {
  const task = taskOf(input.name, { ...options, maxRecords: 1 }, 0)
  const { frame, extractor } = rows(task, checkedFormat(input.name, options) === 'tsv' ? 'tsv' : 'csv')
  for await (const records of frame(unpacked(input, options.decompress))) {
    extractor.extract(records)
    if (extractor.columns !== undefined) return extractor.columns
  }
  return undefined
}
