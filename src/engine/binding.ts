import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, MillraceError } from '../errors.ts'

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
    borrow: boolean,
  ): number
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
  free(channel: number, batch: number): void
  unsentOfOthers(channel: number): PackedMessage[]

  /** A histogram of the addon's, of JavaScript's own: bind_histogram.cc. */
  histogram(): object
  recordLatencies(histogram: object, nanoseconds: Float64Array, threads: number): void
  latencies(histogram: object, counts: Float64Array, reset: boolean): void

  errors(): [code: number, name: string, text: string][]

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
const ABI = 3

const require = createRequire(import.meta.url)
// beside dist/ and src/ alike
const root = fileURLToPath(new URL('../../', import.meta.url))

let loaded: { binding: Binding; path: string } | undefined

/**
 * Loads the addon, once a process.
 * @throws MillraceError ENGINE_UNAVAILABLE with the reason and the command that repairs it
 */
export function loadBinding(): { binding: Binding; path: string } {
  if (loaded !== undefined) return loaded
  const path = `${root}build/Release/millrace.node`
  try {
    const binding = require(path) as Binding
    if (binding.abi !== ABI) throw new Error('it was built from other sources than this version of millrace')
    loaded = { binding, path }
    return loaded
  } catch (cause) {
    const reason = describe(cause).split('\n', 1)[0]
    throw new MillraceError('ENGINE_UNAVAILABLE', `The batch engine's addon cannot be loaded: ${reason}`, {
      cause,
      hint: 'It is compiled at install; run `npm rebuild millrace`, or scripts/bootstrap in a clone',
    })
  }
}
