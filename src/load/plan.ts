import type { Readable } from 'node:stream'
import type { EngineName } from '../engine/connect.ts'
import { headerList } from '../engine/message.ts'
import { MillraceError } from '../errors.ts'
import {
  checkReadOptions,
  formatOf,
  type Input,
  openInputs,
  optionsFor,
  type ReadOptions,
  type SayOption,
  STANDARD_INPUT,
} from '../input/index.ts'
import type { Bytes, Header } from '../types.ts'
import { checkOptions, pairsOf } from './check-options.ts'
import type { LoadSetup } from './load.ts'
import type { LoadOptions } from './options.ts'
import { planRejections } from './rejection-plan.ts'
import { type LoadOption, type Spelling, spell, spellBriefly } from './spelling.ts'
import { refuseTogether } from './together.ts'

/** What a load is to do, once its options were found to be right. Nothing is connected or read yet. */
export interface LoadPlan {
  /** How its options are called towards the user. */
  readonly spelling: Spelling
  readonly inputs: readonly Input[]
  readonly read: ReadOptions
  readonly producers: number
  readonly load: Pick<
    LoadSetup,
    | 'topic'
    | 'key'
    | 'headers'
    | 'partition'
    | 'threads'
    | 'loops'
    | 'rate'
    | 'rateBytes'
    | 'limit'
    | 'stallTimeoutMs'
    | 'drainTimeoutMs'
    | 'onBadRecord'
    | 'maxRejected'
  >
  /** The file to put rejected records into. */
  readonly deadLetter: string | undefined
  /** Absent: a topic that is not there is refused. Without partitions: as many as the brokers give it. */
  readonly createTopic: { readonly partitions: number | undefined } | undefined
  readonly allowExpired: boolean
  readonly progressIntervalMs: number
}

const STALL_MS = 60_000
const DRAIN_MS = 30_000
const PROGRESS_MS = 1000

/**
 * Everything that can be wrong with the options is found here, and inputs that cannot be opened.
 * @throws MillraceError USAGE with `context.option`, INPUT_UNREADABLE
 */
export function planLoad(options: LoadOptions, spelling: Spelling): LoadPlan {
  checkOptions(options)
  const sources = [
    [['key', 'keyDelimiter', 'keyField'], 'Keys come from one place'],
    [['topic', 'topicField'], 'The topic comes from one place'],
    [['partition', 'partitionField'], 'The partition comes from one place'],
    [['valueField', 'csvValues'], 'Values come from one place'],
  ] as const
  for (const [names, hint] of sources) refuseTogether(options, names, { hint, spelling })
  const files = filesOf(options)
  const { topic, threads, headers } = options
  const read = readOptionsOf(options)
  if (topic === undefined && read.topicField === undefined && !allEnvelopes(files, read)) {
    throw new MillraceError('USAGE', `${spell(spelling, 'topic')} is missing`, {
      hint: `Name it with ${spellBriefly(spelling, 'topic')}, or have the records name it with ${spell(spelling, 'topicField')}`,
      context: { option: 'topic' },
    })
  }
  const { deadLetter, ...rejections } = planRejections(options, spelling)
  const createTopic = createTopicOf(options, spelling)
  return {
    spelling,
    inputs: inputsOf(files, options.stdin, read, option => spell(spelling, option)),
    read,
    producers: options.producers ?? 1,
    load: {
      ...rejections,
      topic,
      key: textIfIt(options.key),
      headers: headers === undefined ? undefined : headerList(headers).map(plainHeader),
      partition: options.partition,
      threads: threads === 1 ? undefined : threads,
      loops: options.loops,
      rate: options.rate,
      rateBytes: options.rateBytes,
      limit: options.limit,
      stallTimeoutMs: options.stallTimeoutMs ?? STALL_MS,
      drainTimeoutMs: options.drainTimeoutMs ?? DRAIN_MS,
    },
    deadLetter,
    createTopic,
    allowExpired: options.allowExpired ?? false,
    progressIntervalMs: options.progressIntervalMs ?? PROGRESS_MS,
  }
}

/**
 * Whether that engine can be used by so many threads.
 * @throws MillraceError USAGE
 */
export function checkThreads(
  { load: { threads }, spelling }: LoadPlan,
  engine: EngineName | undefined,
): void {
  if (threads === undefined || engine !== 'callback') return
  const option = spell(spelling, 'threads')
  throw new MillraceError(
    'USAGE',
    `${option} is ${threads}, but the callback engine works in one thread only`,
    {
      hint: `Leave ${option} out, or see with ${spell(spelling, 'engine', 'batch')} why the batch engine is not used`,
      context: { option: 'threads', engine },
    },
  )
}

/** @throws MillraceError USAGE where files and stream do not go together */
function filesOf({ files = [], stdin }: LoadOptions): readonly string[] {
  const asks = files.length === 0 || files.includes(STANDARD_INPUT)
  if (asks === (stdin !== undefined)) return files
  if (!asks) {
    throw usage('stdin', 'stdin was given, but files has no place for it', `Put '-' where it is to be read`)
  }
  throw files.length === 0
    ? usage('files', 'files is missing', 'Name at least one, or give a stream as stdin')
    : usage('stdin', `files has '-', and stdin is missing`, 'Give the stream that it stands for')
}

function inputsOf(
  files: readonly string[],
  stdin: Readable | undefined,
  read: ReadOptions,
  say: SayOption,
): readonly Input[] {
  const inputs = openInputs(files, { stdin: stdin as Readable })
  const names = inputs.map(({ name }) => name)
  const readFor = optionsFor(names, read)
  // inputs of one format have the same options: there may be many thousands of them
  const checked = new Set<ReadOptions>()
  for (const name of names) {
    const own = readFor(name)
    if (checked.has(own)) continue
    checkReadOptions(name, own, say)
    checked.add(own)
  }
  return inputs
}

function readOptionsOf(options: LoadOptions): ReadOptions {
  const { headerFields, topic } = options
  return {
    format: options.format,
    decompress: options.decompress,
    delimiter: bytesOf(options.delimiter),
    keyDelimiter: bytesOf(options.keyDelimiter),
    fieldDelimiter: bytesOf(options.fieldDelimiter),
    columns: options.columns,
    csvValues: options.csvValues,
    prefix: options.prefix,
    keyField: options.keyField,
    valueField: options.valueField,
    timestampField: options.timestampField,
    topicField: options.topicField,
    partitionField: options.partitionField,
    headerFields:
      headerFields === undefined
        ? undefined
        : pairsOf<readonly [string, string]>(headerFields).map(([name, path]) => [name, path] as const),
    nullValue: bytesOf(options.nullValue),
    skipBlank: options.skipBlank,
    needsTopic: topic === undefined,
  }
}

function allEnvelopes(files: readonly string[], { format }: ReadOptions): boolean {
  const names = files.length === 0 ? [STANDARD_INPUT] : files
  return names.every(name => formatOf(name, format) === 'envelope')
}

function createTopicOf(
  { createTopic = false, topic }: LoadOptions,
  spelling: Spelling,
): LoadPlan['createTopic'] {
  if (createTopic === false) return undefined
  if (topic === undefined) {
    throw usage(
      'createTopic',
      `${spell(spelling, 'createTopic')} makes the topic of the load, but the records name theirs`,
      `Name one with ${spellBriefly(spelling, 'topic')}, or make the topics before`,
    )
  }
  return { partitions: createTopic === true ? undefined : createTopic.partitions }
}

function bytesOf(given: Uint8Array | string | undefined): Buffer | undefined {
  return given === undefined ? undefined : Buffer.from(given)
}

/** A receipt is to know the same key again, whether it was given as text or as bytes. */
function textIfIt(given: Bytes | undefined): Bytes | undefined {
  if (given === undefined || typeof given === 'string') return given
  const bytes = Buffer.from(given)
  const text = bytes.toString()
  return Buffer.from(text).equals(bytes) ? text : bytes
}

function plainHeader([name, value]: Header): Header {
  return [name, value === null ? null : (textIfIt(value) as Bytes)]
}

function usage(option: LoadOption, message: string, hint: string): MillraceError {
  return new MillraceError('USAGE', message, { hint, context: { option } })
}
