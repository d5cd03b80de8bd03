import { consumerProperties } from '../client/consumer-properties.ts'
import { type KafkaError, kafkaError, NO_ERROR } from '../client/kafka-errors.ts'
import { whileLeadersMove } from '../client/leaders-move.ts'
import { loadClient } from '../client/load.ts'
import { type Properties, refusedByLibrdkafka, requestFailed } from '../client/producer-client.ts'
import { type LogLine, Witness } from '../client/witness.ts'
import { deferred } from '../deferred.ts'
import { aborted, MillraceError } from '../errors.ts'
import { type Binding, loadBinding } from './binding.ts'

/** What a cluster says of itself and of topics. */
export interface ClusterFacts {
  /** Null where it has none. */
  readonly clusterId: string | null
  readonly topics: ReadonlyMap<string, TopicFacts>
}

export interface TopicFacts {
  /** False: the cluster has no such topic. */
  readonly exists: boolean
  /** Null where the cluster tells none; embedded ones do not. */
  readonly topicId: string | null
  readonly partitions: number
  /** Kafka's cleanup.policy; null where it cannot be asked for. */
  readonly cleanupPolicy: string | null
}

export interface PartitionName {
  readonly topic: string
  readonly partition: number
}

export interface PartitionOffsets {
  /** Of the first record that is still there. */
  readonly low: number
  /** One behind the last record. */
  readonly high: number
  /** One behind the last record that no open transaction holds back. */
  readonly stable: number
}

/** What is to be read of a partition: runs of offsets in order, none overlapping another. */
export interface RunsToRead extends PartitionName {
  /** Nothing before it is there. */
  readonly low: number
  /** Nothing from here on is to be read. */
  readonly limit: number
  /** First and last offset of each run. */
  readonly runs: Float64Array
}

export interface RunsRead extends PartitionName {
  /** What the partition met, if only for a part of it. */
  readonly error: KafkaError | undefined
  /** It was deleted meanwhile. */
  readonly gone: boolean
  /** All offsets before it were looked at. */
  readonly next: number
  /** How many records each run has. */
  readonly records: Float64Array
  /** The sum of their hashes, modulo 2^64: load/record-hash.ts. */
  readonly hashes: BigUint64Array
}

export interface ReadingProgress {
  readonly records: number
  /** Of keys and values. */
  readonly bytes: number
}

export interface TopicReaderOptions {
  /** Default read_committed. */
  readonly isolation?: 'read_committed' | 'read_uncommitted' | undefined
  /** How long the cluster may take for an answer, or the next record to come, in ms; default 30,000. */
  readonly timeoutMs?: number | undefined
  readonly onLog?: ((line: LogLine) => void) | undefined
}

/** How often what the handle says is looked at. */
const LOOK_MS = 100
const NUL = '\0'
const OFFSETS = 1
const READ = 2

const DEFAULT_TIMEOUT_MS = 30_000

/**
 * Bounds of memory. librdkafka keeps some 400 bytes for each message in its queue and counts only their values, so the number
 * is what bounds small ones. A queue that is full is looked at again after `fetch.queue.backoff.ms`.
 */
const BOUNDS: Properties = {
  'queued.min.messages': 40_000,
  'queued.max.messages.kbytes': 16_384,
  'fetch.max.bytes': 4 * 1024 * 1024,
  'fetch.message.max.bytes': 1024 * 1024,
  'fetch.queue.backoff.ms': 1,
  // what the last fetch of a partition that ended waits for in vain
  'fetch.wait.max.ms': 100,
}

const OWN: Properties = {
  'enable.partition.eof': true,
  // at the start of a log that lost its beginning meanwhile
  'auto.offset.reset': 'earliest',
  'check.crcs': true,
  'enable.auto.commit': false,
  'auto.commit.enable': false,
  'allow.auto.create.topics': false,
  'statistics.interval.ms': 0,
}

/**
 * Reads topics back on a thread of the addon's, with a consumer of its own. One call at a time; each rejects with
 * MillraceError BROKER_UNREACHABLE, AUTHENTICATION_FAILED, REQUEST_FAILED, and ABORTED where the signal says so.
 */
export class TopicReader {
  readonly #binding: Binding
  readonly #number: number
  readonly #brokers: string
  readonly #timeoutMs: number
  readonly #onLog: (line: LogLine) => void
  readonly #witness = new Witness()
  #ended = deferred<void>()
  #closed = false

  private constructor(
    binding: Binding,
    properties: Properties,
    { isolation = 'read_committed', timeoutMs = DEFAULT_TIMEOUT_MS, onLog = () => {} }: TopicReaderOptions,
  ) {
    this.#binding = binding
    this.#brokers = String(properties['bootstrap.servers'] ?? '')
    this.#timeoutMs = timeoutMs
    this.#onLog = onLog
    const all = { ...consumerProperties(properties), ...BOUNDS, ...OWN, 'isolation.level': isolation }
    const pieces = Object.entries(all).flatMap(([name, value]) => [name, String(value)])
    checkPieces(pieces)
    const opened = binding.readerOpen(pieces.map(piece => piece + NUL).join(''), () => this.#ended.resolve())
    if (typeof opened !== 'number') throw refusedByLibrdkafka(opened)
    this.#number = opened
  }

  /**
   * Does not connect yet. Properties of producers are left out. Close it in the end.
   * @throws MillraceError ENGINE_UNAVAILABLE without the addon, CLIENT_NOT_BUILT; CONFIG_INVALID_VALUE for what librdkafka
   * refuses, and for OAuth tokens that a callback would have to fetch
   */
  static open(properties: Properties, options: TopicReaderOptions = {}): TopicReader {
    // the addon finds librdkafka in the copy that node-rdkafka has loaded
    loadClient()
    refuseCallbacks(properties)
    return new TopicReader(loadBinding().binding, properties, options)
  }

  /** What the cluster says of itself and of these topics. */
  async describe(topics: readonly string[], signal?: AbortSignal): Promise<ClusterFacts> {
    const binding = this.#binding
    checkPieces(topics)
    await this.#run(signal, () => binding.readerDescribe(this.#number, topics.join(NUL), this.#timeoutMs))
    const pieces = binding.readerDescribed(this.#number).split(NUL)
    this.#check('description of the topics', pieces, signal)
    const found = new Map<string, TopicFacts>()
    const fields = pieces.slice(3, -1)
    for (let at = 0; at < fields.length; at += 6) {
      const [name = '', error, id, partitions, hasPolicy, policy = ''] = fields.slice(at, at + 6)
      const exists = Number(error) === NO_ERROR
      if (!exists && !GONE.includes(kafkaError(Number(error)).name))
        throw requestFailed(`description of ${name}`, kafkaError(Number(error)))
      found.set(name, {
        exists,
        // Kafka's own tools write it in the alphabet of URLs
        topicId: id === undefined || id === '' ? null : id.replaceAll('+', '-').replaceAll('/', '_'),
        partitions: Number(partitions),
        cleanupPolicy: hasPolicy === '1' ? policy : null,
      })
    }
    return { clusterId: pieces[2] || null, topics: found }
  }

  /** The offsets of each of these partitions; null for one that is not there. */
  async offsets(
    partitions: readonly PartitionName[],
    signal?: AbortSignal,
  ): Promise<readonly (PartitionOffsets | null)[]> {
    if (partitions.length === 0) return []
    return whileLeadersMove(() => this.#offsets(partitions, signal), this.#timeoutMs, signal)
  }

  async #offsets(
    partitions: readonly PartitionName[],
    signal: AbortSignal | undefined,
  ): Promise<readonly (PartitionOffsets | null)[]> {
    const binding = this.#binding
    const { topics, pairs } = numbered(partitions)
    await this.#run(signal, () =>
      binding.readerOffsets(this.#number, topics.join(NUL), pairs, this.#timeoutMs),
    )
    this.#check('offsets', binding.readerFailure(this.#number, OFFSETS).split(NUL), signal)
    const found = new Float64Array(4 * partitions.length)
    binding.readerFound(this.#number, found)
    return partitions.map(({ topic, partition }, index) => {
      const [code = 0, low = 0, high = 0, stable = 0] = found.subarray(4 * index, 4 * index + 4)
      if (code === NO_ERROR) return { low, high, stable }
      const error = kafkaError(code)
      if (GONE.includes(error.name)) return null
      throw requestFailed(`offsets of ${topic} [${partition}]`, error)
    })
  }

  /**
   * Counts and hashes the records of these runs. Resolves with what was seen by then where the signal aborts.
   * @param onProgress called several times a second
   */
  async read(
    partitions: readonly RunsToRead[],
    { signal, onProgress }: { signal?: AbortSignal; onProgress?: (progress: ReadingProgress) => void } = {},
  ): Promise<readonly RunsRead[]> {
    if (partitions.length === 0) return []
    const binding = this.#binding
    const { topics, pairs } = numbered(partitions)
    const bounds = Float64Array.from(
      partitions.flatMap(({ low, limit, runs }) => [low, limit, runs.length / 2]),
    )
    const runs = joined(partitions.map(partition => partition.runs))
    const start = () =>
      binding.readerRead(this.#number, topics.join(NUL), pairs, bounds, runs, this.#timeoutMs)
    const tell = () => {
      const [records = 0, bytes = 0] = binding.readerProgress(this.#number)
      onProgress?.({ records, bytes })
    }
    await this.#run(signal, start, tell)
    const failure = binding.readerFailure(this.#number, READ).split(NUL)
    if (!signal?.aborted) this.#check('records', failure, signal)
    tell()
    const states = new Float64Array(3 * partitions.length)
    const records = new Float64Array(runs.length / 2)
    const hashes = new BigUint64Array(runs.length / 2)
    binding.readerSums(this.#number, states, records, hashes)
    let from = 0
    return partitions.map(({ topic, partition, runs }, index) => {
      const [code = 0, next = 0, done = 0] = states.subarray(3 * index, 3 * index + 3)
      const to = from + runs.length / 2
      const mine = { records: records.subarray(from, to), hashes: hashes.subarray(from, to) }
      from = to
      const error = code === NO_ERROR ? undefined : kafkaError(code)
      const gone = error !== undefined && GONE.includes(error.name)
      return { topic, partition, error, gone, next: done === 1 ? Number.POSITIVE_INFINITY : next, ...mine }
    })
  }

  /** Ends what runs, which rejects with ABORTED, and frees the consumer. Waits a moment for its threads. */
  close(): void {
    this.#closed = true
    this.#binding.readerClose(this.#number)
    this.#ended.resolve()
  }

  /** Starts a job, and waits for its end; an abort only hastens that. */
  async #run(signal: AbortSignal | undefined, start: () => boolean, tell = () => {}): Promise<void> {
    if (signal?.aborted) throw aborted(signal)
    if (!start()) throw new MillraceError('USAGE', 'The reader is closed, or busy with another call')
    // no end is heard of before this turn is over
    this.#ended = deferred()
    const cancel = () => this.#binding.readerCancel(this.#number)
    signal?.addEventListener('abort', cancel, { once: true })
    const timer = setInterval(() => {
      this.#listen()
      if (this.#witness.refused) cancel()
      tell()
    }, LOOK_MS)
    try {
      // who was woken by the job before looks again
      while (this.#binding.readerRunning(this.#number)) {
        await this.#ended.promise
        this.#ended = deferred()
      }
    } finally {
      clearInterval(timer)
      signal?.removeEventListener('abort', cancel)
      this.#listen()
    }
    if (this.#closed) throw new MillraceError('ABORTED', 'The reader was closed in the middle of a call')
  }

  #listen(): void {
    const pieces = this.#binding.readerEvents(this.#number).split(NUL)
    for (let at = 0; at + 4 < pieces.length; at += 4) {
      const [level, code, facility = '', message = ''] = pieces.slice(at, at + 4)
      const line = { level: Number(level), facility, message }
      this.#witness.log(line)
      if (Number(code) !== NO_ERROR) this.#witness.error(kafkaError(Number(code)))
      this.#onLog(line)
    }
  }

  /** @throws MillraceError where the job failed: its number and text come first */
  #check(what: string, [code, text = '']: readonly string[], signal: AbortSignal | undefined): void {
    if (signal?.aborted) throw aborted(signal)
    const error = kafkaError(Number(code))
    if (this.#witness.refused) throw this.#witness.explain(this.#brokers, this.#timeoutMs, error)
    if (error.code === NO_ERROR) return
    if (!UNREACHABLE.includes(error.name))
      throw requestFailed(what, { ...error, text: text || error.text, advice: READ_ADVICE[error.name] })
    throw this.#witness.explain(this.#brokers, this.#timeoutMs, error)
  }
}

const GONE: readonly string[] = [
  'UNKNOWN_TOPIC_OR_PART',
  'UNKNOWN_TOPIC_ID',
  '_UNKNOWN_TOPIC',
  '_UNKNOWN_PARTITION',
]
const UNREACHABLE: readonly string[] = [
  '_TRANSPORT',
  '_ALL_BROKERS_DOWN',
  '_TIMED_OUT',
  '_RESOLVE',
  '_AUTHENTICATION',
]
const READ_ADVICE: Readonly<Record<string, string>> = {
  TOPIC_AUTHORIZATION_FAILED:
    'The credentials may not read this topic; ask for the READ and DESCRIBE permissions (ACL)',
}

/** What node-rdkafka would be needed for: nobody calls JavaScript on the reader's thread. */
function refuseCallbacks(properties: Properties): void {
  const mechanism = String(properties['sasl.mechanism'] ?? properties['sasl.mechanisms'] ?? '')
  if (mechanism.toUpperCase() !== 'OAUTHBEARER' || properties['sasl.oauthbearer.method'] === 'oidc') return
  if (String(properties['enable.sasl.oauthbearer.unsecure.jwt']) === 'true') return
  throw new MillraceError(
    'CONFIG_INVALID_VALUE',
    'OAUTHBEARER with tokens from a callback is not supported here',
    {
      hint: 'Set sasl.oauthbearer.method=oidc, and librdkafka fetches them',
      context: { property: 'sasl.oauthbearer.method' },
    },
  )
}

function checkPieces(pieces: readonly string[]): void {
  const wrong = pieces.some(piece => piece.includes(NUL))
  if (wrong) throw new MillraceError('CONFIG_INVALID_VALUE', 'A property or topic has a NUL character')
}

/** Topics once each, and of each partition the place of its topic and its number. */
function numbered(partitions: readonly PartitionName[]): { topics: string[]; pairs: Int32Array } {
  const places = new Map<string, number>()
  for (const { topic } of partitions) if (!places.has(topic)) places.set(topic, places.size)
  checkPieces([...places.keys()])
  const pairs = partitions.flatMap(({ topic, partition }) => [places.get(topic) ?? 0, partition])
  return { topics: [...places.keys()], pairs: Int32Array.from(pairs) }
}

function joined(arrays: readonly Float64Array[]): Float64Array {
  const all = new Float64Array(arrays.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const array of arrays) {
    all.set(array, at)
    at += array.length
  }
  return all
}
