import { splitProperties } from '../config/index.ts'
import { deferred } from '../deferred.ts'
import { aborted, MillraceError } from '../errors.ts'
import { type ClientError, identify, type KafkaError } from './kafka-errors.ts'
import { whileLeadersMove } from './leaders-move.ts'
import { loadClient } from './load.ts'
import { connectInSlices } from './sliced-metadata.ts'
import { type LogLine, Witness } from './witness.ts'

export type Properties = Readonly<Record<string, string | number | boolean>>

/** One delivery report of node-rdkafka. */
export interface Report {
  readonly topic: string
  readonly partition: number
  readonly offset: number
  readonly opaque: number
}

export interface Metadata {
  readonly brokers: readonly { id: number; host: string; port: number }[]
  readonly topics: readonly { name: string; partitions: readonly { id: number; leader: number }[] }[]
}

/** What a broker's quota costs. */
export interface Throttle {
  /** host:port/id */
  readonly broker: string
  readonly milliseconds: number
}

export interface ProducerClientListener {
  /** `error` as node-rdkafka renders it: `identify` finds Kafka's number again. */
  report(error: ClientError | null, report: Report): void
  error(error: KafkaError): void
  log(line: LogLine): void
  statistics(json: string): void
  throttle?(throttle: Throttle): void
}

export interface ConnectOptions {
  /** Whether deliveries come as reports; otherwise a plugin gets them. */
  readonly reports: boolean
  /** Properties that have to be set before all others. */
  readonly first?: Properties | undefined
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
}

type Header = Record<string, string>

/** The parts of node-rdkafka's Producer that are used here, as they are in 3.6.1. */
interface RdkafkaProducer {
  connect(
    options: { allTopics: boolean; topic?: string; timeout: number },
    callback: (error: ClientError | null, metadata: Metadata) => void,
  ): void
  disconnect(timeoutMs: number, callback: () => void): void
  produce(
    topic: string,
    partition: number,
    value: Uint8Array | null,
    key: Uint8Array | null,
    timestamp: number | null,
    opaque: number,
    headers: readonly Header[] | undefined,
  ): unknown
  poll(): void
  flush(timeoutMs: number, callback: (error: ClientError | null) => void): void
  getMetadata(
    options: { topic?: string; allTopics?: boolean; timeout: number },
    callback: (error: ClientError | null, metadata: Metadata) => void,
  ): void
  queryWatermarkOffsets(
    topic: string,
    partition: number,
    timeoutMs: number,
    callback: (error: ClientError | null, offsets: { lowOffset: number; highOffset: number }) => void,
  ): void
  initTransactions(timeoutMs: number, callback: (error: ClientError | null) => void): void
  beginTransaction(callback: (error: ClientError | null) => void): void
  commitTransaction(timeoutMs: number, callback: (error: ClientError | null) => void): void
  abortTransaction(timeoutMs: number, callback: (error: ClientError | null) => void): void
  on(event: string, listener: (...values: never[]) => void): void
  removeAllListeners(event: string): void
}

/** What librdkafka says when it does not do what a transaction asks for. */
export class TransactionRefusal extends Error {
  readonly error: KafkaError
  /** The producer cannot go on. */
  readonly fatal: boolean
  /** The same call may be made again, and goes on where it was. */
  readonly retriable: boolean
  /** The transaction has to be aborted. */
  readonly abortable: boolean

  constructor(
    cause: ClientError & { isFatal?: boolean; isRetriable?: boolean; isTxnRequiresAbort?: boolean },
  ) {
    super(cause.message, { cause })
    this.error = identify(cause)
    this.fatal = cause.isFatal === true
    this.retriable = cause.isRetriable === true
    this.abortable = cause.isTxnRequiresAbort === true
  }
}

/** A close that comes right away may wait for it, where the brokers have vanished. */
const MEET_MS = 500

/**
 * Whether librdkafka asks for a producer id by itself: idempotence without transactions. It does so where an answer to a
 * metadata request finds a broker connected, and else every 500 ms. After the first answer it gives up the connection that
 * brought it, for one to a broker that it told of: without a second answer the first message would wait for the timer.
 */
function wantsProducerId(properties: Properties): boolean {
  return String(properties['enable.idempotence']) === 'true' && (properties['transactional.id'] ?? '') === ''
}

/**
 * node-rdkafka's producer: connection, produce, reports, metadata. Its calls are made on the main
 * thread; waiting is done on libuv's pool. Deliveries come only while `poll` or `flush` is called.
 */
export class ProducerClient {
  readonly #producer: RdkafkaProducer
  #listener: ProducerClientListener | undefined
  #open = true
  #transacting: Promise<void> = Promise.resolve()

  private constructor(producer: RdkafkaProducer) {
    this.#producer = producer
    producer.on('delivery-report', ((error: ClientError | null, report: Report) =>
      this.#listener?.report(error, report)) as never)
    producer.on('event.error', ((error: ClientError) => this.#listener?.error(identify(error))) as never)
    producer.on('event.stats', ((event: { message: string }) =>
      this.#listener?.statistics(event.message)) as never)
    producer.on('event.throttle', ((event: { brokerName: string; throttleTime: number }) =>
      this.#listener?.throttle?.({ broker: event.brokerName, milliseconds: event.throttleTime })) as never)
    producer.on('event.log', ((event: { severity: number; fac: string; message: string }) =>
      this.#listener?.log({ level: event.severity, facility: event.fac, message: event.message })) as never)
  }

  /**
   * Waits until a broker answered a metadata request.
   * @throws MillraceError CONFIG_INVALID_VALUE, BROKER_UNREACHABLE after `timeoutMs`,
   * AUTHENTICATION_FAILED as soon as a broker says so, ABORTED; the handle is gone then.
   */
  static async connect(
    properties: Properties,
    listener: ProducerClientListener,
    { reports, first = {}, timeoutMs, signal }: ConnectOptions,
  ): Promise<{ client: ProducerClient; metadata: Metadata }> {
    const { rdkafka } = loadClient()
    if (signal?.aborted) throw aborted(signal)
    let producer: RdkafkaProducer
    try {
      const { global, topic } = splitProperties(properties)
      producer = new rdkafka.Producer(
        { ...first, ...global, ...(reports ? { dr_cb: true } : {}) },
        topic,
      ) as unknown as RdkafkaProducer
    } catch (cause) {
      throw refusedByLibrdkafka(cause)
    }
    const client = new ProducerClient(producer)
    const brokers = String(properties['bootstrap.servers'] ?? '')
    const witness = new Witness()
    const { promise, resolve, reject } = deferred<Metadata>()
    let given = false
    const giveUp = (error: MillraceError) => {
      given = true
      reject(error)
    }
    client.#listener = {
      ...listener,
      report: () => {},
      log: line => {
        witness.log(line)
        listener.log(line)
      },
      error: error => {
        witness.error(error)
        if (witness.refused) giveUp(witness.explain(brokers, timeoutMs, error))
      },
      statistics: text => listener.statistics(text),
    }
    const onAbort = () => giveUp(aborted(signal))
    signal?.addEventListener('abort', onAbort, { once: true })
    // errors are queued for poll(), which serves as soon as the handle is made, before metadata is there
    const polling = setInterval(() => client.poll(), 20)
    connectInSlices(producer, () => given)
    producer.connect({ allTopics: false, timeout: timeoutMs }, (error, metadata) => {
      clearInterval(polling)
      if (error) {
        // node-rdkafka has destroyed the handle by now
        client.#open = false
        reject(explainConnect(error, witness, brokers, timeoutMs))
      } else if (given) {
        void client.disconnect()
      } else {
        resolve(metadata)
      }
    })
    try {
      const metadata = await promise
      client.#listener = listener
      if (wantsProducerId(properties)) producer.getMetadata({ allTopics: false, timeout: MEET_MS }, () => {})
      return { client, metadata }
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  /**
   * Hands one message to librdkafka, which copies it. Returns the error number, 0 for none; `opaque`
   * comes back in its report. Never waits.
   */
  produce(
    topic: string,
    partition: number,
    value: Uint8Array | null,
    key: Uint8Array | null,
    timestamp: number | null,
    opaque: number,
    headers: readonly Header[] | undefined,
  ): number {
    try {
      this.#producer.produce(topic, partition, value, key, timestamp, opaque, headers)
      return 0
    } catch (error) {
      const code = (error as ClientError).code
      if (typeof code !== 'number') throw error
      return code
    }
  }

  /** Fetches what librdkafka has for us: reports and events follow in later turns of the event loop. */
  poll(): void {
    if (!this.#open) return
    try {
      this.#producer.poll()
    } catch {
      // not connected yet or no longer: there is nothing to fetch
    }
  }

  /** Lets librdkafka send without lingering, until its queues are empty or `timeoutMs` passed. Never rejects. */
  flush(timeoutMs: number): Promise<void> {
    if (!this.#open) return Promise.resolve()
    return new Promise(resolve => {
      this.#producer.flush(timeoutMs, () => resolve())
    })
  }

  /** @throws MillraceError REQUEST_FAILED, BROKER_UNREACHABLE */
  metadata(topic: string | undefined, timeoutMs: number): Promise<Metadata> {
    const options = topic === undefined ? { allTopics: false } : { topic }
    return this.#request(`metadata of ${topic ?? 'the cluster'}`, callback =>
      this.#producer.getMetadata({ ...options, timeout: timeoutMs }, callback),
    )
  }

  /** The first and the next offset of a partition. @throws MillraceError REQUEST_FAILED, BROKER_UNREACHABLE */
  async watermarks(
    topic: string,
    partition: number,
    timeoutMs: number,
  ): Promise<{ low: number; high: number }> {
    const ask = () =>
      this.#request<{ lowOffset: number; highOffset: number }>(
        `offsets of ${topic} [${partition}]`,
        callback => this.#producer.queryWatermarkOffsets(topic, partition, timeoutMs, callback),
      )
    const offsets = await whileLeadersMove(ask, timeoutMs)
    return { low: offsets.lowOffset, high: offsets.highOffset }
  }

  /**
   * The following four wait on libuv's pool, at most `timeoutMs`; what has not come to an end by then goes on, and
   * the same call waits for it again.
   * @throws TransactionRefusal
   */
  initTransactions(timeoutMs: number): Promise<void> {
    return this.#transact(callback => this.#producer.initTransactions(timeoutMs, callback))
  }

  beginTransaction(): Promise<void> {
    return this.#transact(callback => this.#producer.beginTransaction(callback))
  }

  commitTransaction(timeoutMs: number): Promise<void> {
    return this.#transact(callback => this.#producer.commitTransaction(timeoutMs, callback))
  }

  abortTransaction(timeoutMs: number): Promise<void> {
    return this.#transact(callback => this.#producer.abortTransaction(timeoutMs, callback))
  }

  #transact(call: (callback: (error: ClientError | null) => void) => void): Promise<void> {
    if (!this.#open) return Promise.reject(new MillraceError('PRODUCER_CLOSED', 'The client was closed'))
    const answer = new Promise<void>((resolve, reject) => {
      call(error => (error ? reject(new TransactionRefusal(error)) : resolve()))
    })
    this.#transacting = answer.catch(() => {})
    return answer
  }

  /** Destroys the handle. What librdkafka still holds is dropped by it: drain or account for it first. */
  async disconnect(): Promise<void> {
    if (!this.#open) return
    this.#open = false
    this.#listener = undefined
    // nothing keeps the handle for a transaction's call: librdkafka asserts that it is not destroyed meanwhile
    await this.#transacting
    return new Promise(resolve => {
      this.#producer.disconnect(0, () => resolve())
    })
  }

  #request<T>(
    what: string,
    call: (callback: (error: ClientError | null, value: T) => void) => void,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (!this.#open) {
        reject(new MillraceError('PRODUCER_CLOSED', `The client was closed; it cannot ask for ${what}`))
        return
      }
      call((error, value) => (error ? reject(requestFailed(what, identify(error))) : resolve(value)))
    })
  }
}

/** The error of a request that is not a delivery. */
export function requestFailed(what: string, error: KafkaError): MillraceError {
  const unreachable = ['_TRANSPORT', '_ALL_BROKERS_DOWN', '_TIMED_OUT', '_RESOLVE'].includes(error.name)
  // what is advised where a record is at fault speaks of messages
  const advice = error.fault === 'record' ? undefined : error.advice
  const hint = advice ?? (unreachable ? 'The brokers did not answer; check that they are up' : undefined)
  return new MillraceError(
    unreachable ? 'BROKER_UNREACHABLE' : 'REQUEST_FAILED',
    `The cluster did not tell the ${what}: ${error.text}`,
    { hint, context: { kafkaCode: error.code, kafkaName: error.name } },
  )
}

function explainConnect(
  error: ClientError,
  witness: Witness,
  brokers: string,
  timeoutMs: number,
): MillraceError {
  const known = identify(error)
  // a handle that librdkafka would not make comes back as _STATE with its reason as text
  if (known.name === '_STATE' && error.message !== '') return refusedByLibrdkafka(error)
  return witness.explain(brokers, timeoutMs, known)
}

export function refusedByLibrdkafka(cause: unknown): MillraceError {
  const text = String((cause as { message?: unknown }).message ?? cause)
  return new MillraceError('CONFIG_INVALID_VALUE', `librdkafka refuses the configuration: ${text}`, { cause })
}
