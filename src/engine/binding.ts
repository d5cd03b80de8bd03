import { existsSync } from 'node:fs'
import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, MillraceError } from '../errors.ts'
import type { Borrowing } from './borrow.ts'

/** The addon's functions; what each does stands in src/native/bind_*.cc. Channels and batches go by number. */
export interface Binding {
  readonly abi: number
  open(messages: number, bytes: number, latency: boolean, wake: () => void): number
  attach(token: string, wake: () => void): number
  token(channel: number): string
  topic(channel: number, name: string): number
  counts(channel: number): Float64Array
  laneCounts(channel: number): Float64Array
  channelLatencies(channel: number, counts: Float64Array, reset: boolean): boolean
  flush(channel: number, milliseconds: number, done: () => void): void
  fatalReason(channel: number): string
  closing(channel: number): void
  purge(channel: number): void
  busy(channel: number): boolean
  close(channel: number): void
  release(channel: number): void

  batch(channel: number, size: number, slots: boolean, due: number): number
  offer(channel: number, batch: number, fields: Int32Array, count: number, arena: Uint8Array): number
  framed(
    channel: number,
    batch: number,
    from: number,
    to: number,
    fields: Int32Array,
    bytes: Uint8Array,
    ranges: Uint32Array,
    keyBytes: Uint8Array | null,
    keyRanges: Uint32Array | null,
    arena: Uint8Array,
    borrow: Borrowing,
  ): number
  /** Memory that `framed` can hold on to by itself: engine/borrow.ts. Null: none is to be had, or Node takes none. */
  lend(bytes: number): Buffer | null
  /** How many blocks of it there are in the process: JavaScript's, and what messages in flight point into. */
  lentBlocks(): number
  lease(channel: number, bytes: number): number
  singles(
    channel: number,
    fields: Int32Array,
    count: number,
    arena: Uint8Array,
    errors: Int16Array,
    dues: Float64Array,
  ): boolean
  seal(channel: number, batch: number): void

  look(channel: number): boolean
  endings(channel: number): Endings | null
  finished(channel: number): Uint32Array | null
  batchCounts(channel: number, batch: number): Float64Array
  failures(channel: number, batch: number): Int32Array | null
  deliveries(channel: number, batch: number, partitions: Int32Array, offsets: Float64Array): void
  deliveryRuns(channel: number, batch: number): Float64Array | null
  free(channel: number, batch: number): void
  unsentOfOthers(channel: number): PackedMessage[]

  /** A histogram of the addon's, of JavaScript's own: bind_histogram.cc. */
  histogram(): object
  recordLatencies(histogram: object, nanoseconds: Float64Array, threads: number): void
  latencies(histogram: object, counts: Float64Array, reset: boolean): void

  /** Hashes of records: load/record-hash.ts. A number: the range of that message is out of bounds. */
  hashFramed(
    from: number,
    to: number,
    bytes: Uint8Array,
    ranges: Uint32Array,
    keyBytes: Uint8Array | null,
    keyRanges: Uint32Array | null,
    key: Uint8Array | null,
    headers: Uint8Array | null,
  ): bigint | number
  hashPacked(fields: Int32Array, count: number, arena: Uint8Array): bigint

  /**
   * Fields of JSON records: input/json-fields.ts. Returns how many records are left to JavaScript; what stands in `found`
   * is told in src/native/json_scan.h.
   */
  findJsonFields(
    bytes: Uint8Array,
    ranges: Uint32Array,
    count: number,
    fields: Uint32Array,
    paths: Uint8Array,
    found: Uint32Array,
  ): number

  /**
   * A consumer of the addon's own: engine/reader.ts. Texts are lists with NUL between their pieces, or behind each; what
   * starts a job says whether it did.
   */
  readerOpen(properties: string, wake: () => void): number | string
  readerDescribe(reader: number, topics: string, timeoutMs: number): boolean
  readerOffsets(reader: number, topics: string, partitions: Int32Array, timeoutMs: number): boolean
  readerRead(
    reader: number,
    topics: string,
    partitions: Int32Array,
    bounds: Float64Array,
    runs: Float64Array,
    timeoutMs: number,
  ): boolean
  readerRunning(reader: number): boolean
  readerProgress(reader: number): Float64Array
  readerEvents(reader: number): string
  readerFailure(reader: number, kind: 0 | 1 | 2): string
  readerDescribed(reader: number): string
  readerFound(reader: number, offsets: Float64Array): boolean
  readerSums(reader: number, partitions: Float64Array, records: Float64Array, hashes: BigUint64Array): boolean
  readerCancel(reader: number): void
  readerClose(reader: number): void

  errors(): [code: number, name: string, text: string][]

  /** Topics one a line; calls back in a later turn with the row of bind_topics.cc. False: there is no such channel. */
  identify(
    channel: number,
    broker: number,
    topics: string,
    milliseconds: number,
    done: (row: readonly string[]) => void,
  ): boolean

  /**
   * Unpacks a stream, step by step, in libuv's pool: input/unpacker.ts. Null: this process has no library for it. `unpack`
   * calls back in a later turn with what was taken, what was made and the state, as unpacker.h has them; one at a time,
   * and nobody is to touch or detach the arrays until then.
   */
  unpacker(packing: 0 | 1): object | null
  unpack(
    unpacker: object,
    input: Uint8Array,
    from: number,
    output: Uint8Array,
    at: number,
    done: (taken: number, made: number, state: 0 | 1 | 2) => void,
  ): void
  unpackFailure(unpacker: object): string
  unpackClose(unpacker: object): void

  /**
   * Small files, read or hashed many at a time in libuv's pool; paths with a NUL behind each. Calls back in a later turn with
   * a number for each: 0, errno, or -1 where the file has another size than was said; nobody is to touch or detach the array
   * until then. Hashes are those of load/receipt/sample.ts.
   */
  readFiles(paths: string, sizes: Float64Array, into: Uint8Array, done: (results: Int32Array) => void): void
  hashFiles(
    paths: string,
    sizes: Float64Array,
    hashes: BigUint64Array,
    done: (results: Int32Array) => void,
  ): void

  /** Locks a file as flock(2) does, without waiting: 0, or errno. */
  lockFile(descriptor: number): number
  /** Topics one a line; calls back in a later turn with the row of bind_topics.cc. False: there is no such channel. */
  topicConfigs(
    channel: number,
    broker: number,
    topics: string,
    milliseconds: number,
    done: (row: readonly string[]) => void,
  ): boolean

  readonly cluster: ClusterBinding

  /** These are of src/native/bind_ceiling.cc, and their tokens name ceilings. */
  ceilingOpen(
    bytes: Uint8Array,
    ranges: Uint32Array,
    messages: number,
    maxBytes: number,
    changed: () => void,
  ): number
  ceilingStart(token: number, topic: string, messages: number, stopAtFailure: boolean): boolean
  ceilingStop(token: number): void
  ceilingFlush(token: number): void
  ceilingPurge(token: number): void
  ceilingCounts(token: number): Float64Array
  ceilingClose(token: number): void
  ceilingRelease(token: number): void

  /** A channel without a client takes messages and acknowledges them: src/native/sink.h. */
  sinkOpen(channel: number): number
  sinkTaken(sink: number): number
  sinkClose(sink: number): void

  /** The versions of librdkafka; throws where the one in use is missing or will not do. */
  librdkafka(): { readonly running: string; readonly compiledFor: string }
}

/** What became of messages sent alone. */
export interface Endings {
  readonly ids: Uint32Array
  readonly partitions: Int32Array
  readonly offsets: Float64Array
  readonly errors: Int16Array
  readonly states: Uint8Array
}

/** A message that another thread had sent; headers as the packer writes them. */
export interface PackedMessage {
  readonly topic: string
  readonly partition: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly timestamp: number
  readonly headers: Buffer
}

/**
 * Tests' part of the addon (src/native/bind_cluster.cc). Each call returns librdkafka's error number, 0 for none;
 * `_DESTROY` where the channel is closed. Brokers are numbers from 1, -1 stands for all or none.
 */
export interface ClusterBinding {
  /** Before any client connects: keeps the brokers from crashing over a partition without leader. */
  limitVersions(channel: number): number
  createTopic(channel: number, topic: string, partitions: number, replicationFactor: number): number
  setTopicError(channel: number, topic: string, error: number): number
  pushErrors(channel: number, api: number, errors: Int32Array): number
  clearErrors(channel: number, api: number): number
  /** Pairs of error and round trip time in ms. */
  pushBrokerErrors(channel: number, broker: number, api: number, faults: Int32Array): number
  /** How many, from 0, or an error below. */
  pendingBrokerErrors(channel: number, broker: number, api: number): number
  setBrokerRtt(channel: number, broker: number, milliseconds: number): number
  setBrokerUp(channel: number, broker: number, up: 0 | 1): number
  setLeader(channel: number, topic: string, partition: number, broker: number): number
  setCoordinator(channel: number, type: string, key: string, broker: number): number
  raiseFatalError(channel: number, error: number, reason: string): number
}

/** To be raised with every change of what stands here: an addon that was built before would be called amiss. */
const ABI = 13

const require = createRequire(import.meta.url)
// beside dist/ and src/ alike
const root = fileURLToPath(new URL('../../', import.meta.url))

const IN_A_CLONE = 'in a clone, scripts/bootstrap'
const COMPILE_AGAIN = `Type \`npm rebuild millrace\` (${IN_A_CLONE})`
const NOT_COMPILED =
  'Its install script does that, and wants a C++ compiler, make and python3. ' +
  'Type `npm install-scripts approve millrace` if npm blocked the script (npm 12 does), ' +
  `then \`npm rebuild millrace\` (${IN_A_CLONE})`
const OTHER_LIBRDKAFKA =
  `${COMPILE_AGAIN} if node-rdkafka was changed since; otherwise another module, or LD_LIBRARY_PATH, ` +
  "has brought a librdkafka of its own before node-rdkafka's"

const WITHOUT_SEMICOLON = 'Install millrace in a folder whose path has no ";"'

const path = `${root}build/Release/millrace.node`

let loaded: Binding | undefined
let serves = false

/**
 * Loads the addon, once a process, after node-rdkafka.
 * @throws MillraceError ENGINE_UNAVAILABLE with the reason and the command that repairs it
 */
export function loadBinding(): { binding: Binding; path: string } {
  const { binding } = loadAddon()
  if (!serves) checkLibrdkafka(binding)
  serves = true
  return { binding, path }
}

/**
 * Loads the addon for what needs no librdkafka.
 * @throws MillraceError ENGINE_UNAVAILABLE, as loadBinding
 */
export function loadAddon(): { binding: Binding } {
  loaded ??= load()
  return { binding: loaded }
}

function load(): Binding {
  if (!existsSync(path)) throw unavailable('it was not compiled', NOT_COMPILED)
  if (path.includes(';'))
    throw unavailable(`librdkafka would take ${path} for two plugins`, WITHOUT_SEMICOLON)
  let binding: Partial<Binding>
  try {
    binding = require(path) as Partial<Binding>
  } catch (cause) {
    throw unavailable(describe(cause).split('\n', 1)[0] ?? '', COMPILE_AGAIN, cause)
  }
  if (binding.abi !== ABI) throw unavailable(`${path} is not of this version of millrace`, COMPILE_AGAIN)
  return binding as Binding
}

function checkLibrdkafka(binding: Binding): void {
  try {
    binding.librdkafka()
  } catch (cause) {
    throw unavailable(describe(cause), OTHER_LIBRDKAFKA, cause)
  }
}

function unavailable(reason: string, hint: string, cause?: unknown): MillraceError {
  return new MillraceError('ENGINE_UNAVAILABLE', `The batch engine's addon cannot be loaded: ${reason}`, {
    cause,
    hint,
  })
}
