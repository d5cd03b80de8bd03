import { createRequire } from 'node:module'
import { fileURLToPath } from 'node:url'
import { describe, MillraceError } from '../errors.ts'

/** The addon's functions; what each does stands in src/native/binding.cc. Tokens name channels, ids batches. */
export interface Binding {
  open(messages: number, bytes: number, wake: () => void): number
  topic(token: number, name: string): number
  batch(token: number, size: number, slots: boolean): number
  offer(token: number, batch: number, fields: Int32Array, count: number, arena: Uint8Array): number
  framed(
    token: number,
    batch: number,
    from: number,
    to: number,
    fields: Int32Array,
    bytes: Uint8Array,
    ranges: Uint32Array,
    keyBytes: Uint8Array | null,
    keyRanges: Uint32Array | null,
    arena: Uint8Array,
  ): number
  single(token: number, fields: Int32Array, arena: Uint8Array): number
  seal(token: number, batch: number): void
  awake(token: number): boolean
  endings(token: number): {
    ids: Uint32Array
    partitions: Int32Array
    offsets: Float64Array
    errors: Int16Array
    states: Uint8Array
  } | null
  finished(token: number): Uint32Array | null
  batchCounts(token: number, batch: number): Float64Array
  failures(token: number, batch: number): Int32Array | null
  deliveries(token: number, batch: number, partitions: Int32Array, offsets: Float64Array): void
  free(token: number, batch: number): void
  counts(token: number): Float64Array
  purge(token: number): void
  close(token: number): void
  release(token: number): void
  readonly cluster: ClusterBinding
}

/**
 * Tests' part of the addon (src/native/bind_cluster.cc). Each call returns librdkafka's error number, 0 for none;
 * `_DESTROY` where the token's handle is closed. Brokers are numbers from 1, -1 stands for all or none.
 */
export interface ClusterBinding {
  /** Before any client connects: keeps the brokers from crashing over a partition without leader. */
  limitVersions(token: number): number
  createTopic(token: number, topic: string, partitions: number, replicationFactor: number): number
  setTopicError(token: number, topic: string, error: number): number
  pushErrors(token: number, api: number, errors: Int32Array): number
  clearErrors(token: number, api: number): number
  /** Pairs of error and round trip time in ms. */
  pushBrokerErrors(token: number, broker: number, api: number, faults: Int32Array): number
  /** How many, from 0, or an error below. */
  pendingBrokerErrors(token: number, broker: number, api: number): number
  setBrokerRtt(token: number, broker: number, milliseconds: number): number
  setBrokerUp(token: number, broker: number, up: 0 | 1): number
  setLeader(token: number, topic: string, partition: number, broker: number): number
  setCoordinator(token: number, type: string, key: string, broker: number): number
  raiseFatalError(token: number, error: number, reason: string): number
}

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
    loaded = { binding: require(path) as Binding, path }
    return loaded
  } catch (cause) {
    const reason = describe(cause).split('\n', 1)[0]
    throw new MillraceError('ENGINE_UNAVAILABLE', `The batch engine's addon cannot be loaded: ${reason}`, {
      cause,
      hint: 'It is compiled at install; run `npm rebuild millrace`, or scripts/bootstrap in a clone',
    })
  }
}
