import type { MillraceError } from '../../errors.ts'
import {
  type BadRecord,
  byteOf,
  type Input,
  lineOf,
  type MessageBlock,
  type MessageDetails,
  optionsFor,
  type ReadOptions,
  readRecords,
} from '../../input/index.ts'
import { type Bytes, NO_BYTES } from '../../types.ts'
import { asMillraceError, cutOff } from '../feed.ts'
import type { Constants } from '../offering.ts'
import { batchSize, clientSize, headerSize, type RecordSize, SizeHistogram } from './sizes.ts'
import { Spread } from './spread.ts'

export interface DryRunOptions {
  readonly constants: Constants
  readonly inputs: readonly Input[]
  readonly read: ReadOptions
  /** Records to read at most. */
  readonly limit?: number | undefined
  /** What the client takes: message.max.bytes. */
  readonly messageMaxBytes: number
  /** What is known of topics by name; absent: nothing. */
  readonly topics: ReadonlyMap<string, KnownTopic>
  /** Whether keys are hashed as by the Java client; otherwise where they go is not known. */
  readonly murmur2: boolean
  /** Aborted: read no more. */
  readonly signal: AbortSignal
}

export interface KnownTopic {
  readonly partitions: number
  /** The largest batch that it takes as it is; Infinity where that is not known, or batches are compressed. */
  readonly batchBytes: number
}

/** A record as people are told of it. */
export interface Place {
  readonly input: string
  readonly line: number
  readonly byte: number
}

export interface DryRunResult {
  /** read = sent + skipped + bad + beyond. */
  readonly read: number
  /** Would be sent. */
  readonly sent: number
  readonly skipped: number
  readonly bad: number
  readonly firstBad: readonly (Place & { readonly message: string })[]
  /** Beyond what the client or the topic takes. */
  readonly beyond: number
  readonly firstBeyond: readonly (Place & { readonly bytes: number; readonly limit: number })[]
  readonly keyed: number
  /** Values that are null. */
  readonly tombstones: number
  /** Of key and value, of what would be sent. */
  readonly sizes: SizeHistogram
  /** In ms; null: no record has one. */
  readonly timestamps: { readonly records: number; readonly earliest: number; readonly latest: number } | null
  readonly topics: ReadonlyMap<string, Spread>
  /** What could not be read further. */
  readonly error: MillraceError | undefined
  readonly interrupted: boolean
  readonly seconds: number
}

const MOST_SHOWN = 10

/** Reads all inputs as a load would, in this thread, and finds out what it would send. Sends nothing. */
export class DryRun {
  readonly #options: DryRunOptions
  readonly #constantKey: Buffer | undefined
  readonly #constantHeaders: number
  #left: number
  #read = 0
  #skipped = 0
  #bad = 0
  readonly #firstBad: (Place & { message: string })[] = []
  /** Of the block that comes next. */
  #badOfBlock: (Place & { message: string })[] = []
  /** The input ended inside of its last record. */
  #torn: MillraceError | undefined
  #beyond = 0
  readonly #firstBeyond: (Place & { bytes: number; limit: number })[] = []
  #keyed = 0
  #tombstones = 0
  readonly #sizes = new SizeHistogram()
  #stamped = 0
  #earliest = Number.POSITIVE_INFINITY
  #latest = 0
  readonly #topics = new Map<string, Spread>()

  constructor(options: DryRunOptions) {
    this.#options = options
    this.#left = options.limit ?? Number.POSITIVE_INFINITY
    const { key, headers = [] } = options.constants
    this.#constantKey = key === undefined ? undefined : bytesOf(key)
    this.#constantHeaders = headers.reduce((sum, header) => sum + headerSize(header), 0)
  }

  /** Waits for the inputs. Never rejects. */
  async run(): Promise<DryRunResult> {
    const startedAt = performance.now()
    const { inputs, read, signal } = this.#options
    const readFor = optionsFor(
      inputs.map(({ name }) => name),
      read,
    )
    const aborted = new Promise<undefined>(resolve => {
      signal.addEventListener('abort', () => resolve(undefined), { once: true })
    })
    let error: MillraceError | undefined
    try {
      for (const input of inputs) {
        if (this.#left <= 0 || signal.aborted) break
        await this.#readInput(input, readFor(input.name), aborted)
      }
    } catch (cause) {
      error = asMillraceError(cause)
    }
    return {
      read: this.#read,
      sent: this.#read - this.#skipped - this.#bad - this.#beyond,
      skipped: this.#skipped,
      bad: this.#bad,
      firstBad: this.#firstBad,
      beyond: this.#beyond,
      firstBeyond: this.#firstBeyond,
      keyed: this.#keyed,
      tombstones: this.#tombstones,
      sizes: this.#sizes,
      timestamps:
        this.#stamped === 0
          ? null
          : { records: this.#stamped, earliest: this.#earliest, latest: this.#latest },
      topics: this.#topics,
      error,
      interrupted: signal.aborted,
      seconds: (performance.now() - startedAt) / 1000,
    }
  }

  async #readInput(input: Input, read: ReadOptions, aborted: Promise<undefined>): Promise<void> {
    const blocks = readRecords(input, { ...read, onBad: bad => this.#noteBad(bad) })
    try {
      while (this.#left > 0) {
        const next = await Promise.race([blocks.next(), aborted])
        // a bad record at the end may come without a block
        if (next?.done === true) this.#countBad(Number.POSITIVE_INFINITY)
        if (next?.done === true && this.#torn !== undefined && this.#left > 0) throw this.#torn
        if (next === undefined || next.done === true) return
        this.#takeBlock(next.value)
      }
    } finally {
      // not awaited: who waits for input would never answer
      void blocks.return().catch(() => {})
    }
  }

  #noteBad(bad: BadRecord): void {
    const { input, line, byte, error } = bad
    if (bad.endless) this.#torn = cutOff(bad)
    // the way out is the same for most of them
    const message =
      error.hint === undefined ? error.message : error.message.slice(0, -`. ${error.hint}`.length)
    this.#badOfBlock.push({ input, line, byte, message })
  }

  /** Those of the block that stand before `byte`, as far as the limit allows. */
  #countBad(byte: number): void {
    const waiting = this.#badOfBlock
    while (this.#left > 0 && waiting[0] !== undefined && waiting[0].byte < byte) {
      const bad = waiting.shift() as Place & { message: string }
      this.#left--
      this.#read++
      this.#bad++
      if (this.#firstBad.length < MOST_SHOWN) this.#firstBad.push(bad)
    }
  }

  #takeBlock(block: MessageBlock): void {
    const { records, count } = block
    let taken = 0
    while (taken < count) {
      if (this.#badOfBlock.length > 0) this.#countBad(byteOf(records, taken))
      if (this.#left <= 0) break
      this.#take(block, taken++)
      this.#left--
    }
    if (taken === count) this.#countBad(Number.POSITIVE_INFINITY)
    this.#badOfBlock = []
    const skipped = taken === count ? records.blank : (records.blanksBefore?.[taken] ?? 0)
    this.#read += taken + skipped
    this.#skipped += skipped
  }

  #take(block: MessageBlock, index: number): void {
    const { constants } = this.#options
    const details = block.details?.[index] ?? NO_DETAILS
    const key = this.#constantKey?.length ?? lengthAt(block.keys?.ranges, index)
    const value = lengthAt(block.ranges, index)
    const topic = constants.topic ?? details.topic ?? ''
    const size: RecordSize = { key, value, ...this.#headersOf(details) }
    if (this.#isBeyond(block, index, size, topic)) return
    if (key >= 0) this.#keyed++
    if (value < 0) this.#tombstones++
    this.#sizes.add(Math.max(0, key) + Math.max(0, value))
    if (details.timestamp !== undefined) this.#stamp(details.timestamp)
    this.#spreadOf(topic).add(this.#chosen(details), ...this.#keyAt(block, index, key))
  }

  #isBeyond(block: MessageBlock, index: number, size: RecordSize, topic: string): boolean {
    const { messageMaxBytes, topics } = this.#options
    const ofClient = clientSize(size)
    const ofBatch = batchSize(size)
    const topicMax = topics.get(topic)?.batchBytes ?? Number.POSITIVE_INFINITY
    if (ofClient <= messageMaxBytes && ofBatch <= topicMax) return false
    this.#beyond++
    if (this.#firstBeyond.length < MOST_SHOWN) {
      const { records } = block
      const place = { input: records.input, line: lineOf(records, index), byte: byteOf(records, index) }
      const [bytes, limit] = ofClient > messageMaxBytes ? [ofClient, messageMaxBytes] : [ofBatch, topicMax]
      this.#firstBeyond.push({ ...place, bytes, limit })
    }
    return true
  }

  #headersOf({ headers = [] }: MessageDetails): { headers: number; headerBytes: number } {
    const constant = this.#options.constants.headers?.length ?? 0
    const own = headers.reduce((sum, header) => sum + headerSize(header), 0)
    return { headers: constant + headers.length, headerBytes: this.#constantHeaders + own }
  }

  #stamp(timestamp: number): void {
    this.#stamped++
    if (timestamp < this.#earliest) this.#earliest = timestamp
    if (timestamp > this.#latest) this.#latest = timestamp
  }

  #spreadOf(topic: string): Spread {
    const known = this.#topics.get(topic)
    if (known !== undefined) return known
    const { topics, murmur2 } = this.#options
    const spread = new Spread(topics.get(topic)?.partitions ?? null, murmur2)
    this.#topics.set(topic, spread)
    return spread
  }

  /** The partition that is given, not chosen by key. */
  #chosen({ partition: own }: MessageDetails): number | undefined {
    const { partition = own } = this.#options.constants
    return partition === 'any' ? undefined : partition
  }

  #keyAt(block: MessageBlock, index: number, length: number): [bytes: Buffer, start: number, length: number] {
    if (this.#constantKey !== undefined) return [this.#constantKey, 0, length]
    if (block.keys === undefined || length < 0) return [NOTHING, 0, -1]
    return [block.keys.bytes, block.keys.ranges[2 * index] as number, length]
  }
}

const NO_DETAILS: MessageDetails = {}
const NOTHING = Buffer.alloc(0)

/** -1: null. */
function lengthAt(ranges: Uint32Array | undefined, index: number): number {
  if (ranges === undefined) return -1
  const start = ranges[2 * index] as number
  return start === NO_BYTES ? -1 : (ranges[2 * index + 1] as number) - start
}

function bytesOf(bytes: Bytes): Buffer {
  return typeof bytes === 'string'
    ? Buffer.from(bytes)
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
}
