import { AsyncLocalStorage } from 'node:async_hooks'
import { EventEmitter, setMaxListeners } from 'node:events'
import type { KafkaError } from '../client/kafka-errors.ts'
import type { ProducerClient, Throttle } from '../client/producer-client.ts'
import type { LogLine } from '../client/witness.ts'
import type { ProducerProperties } from '../config/index.ts'
import { deferred } from '../deferred.ts'
import { BatchEngine } from '../engine/batch.ts'
import { type ConnectedEngine, connectEngine, type EngineName } from '../engine/connect.ts'
import type { Engine } from '../engine/engine.ts'
import { rememberHandle } from '../engine/handles.ts'
import { checkTopic } from '../engine/message.ts'
import { MillraceError } from '../errors.ts'
import type { Histogram } from '../latency/index.ts'
import type { Delivery, Framed, Message } from '../types.ts'
import { checkCloseOptions, checkSignal, optionsOf, timeout } from './call-options.ts'
import { closedError } from './closed.ts'
import { effectiveProperties } from './effective-properties.ts'
import { Ledger } from './ledger.ts'
import type { Item, ProduceFromOptions, Source } from './produce-from.ts'
import type { BatchResult, CloseResult, ProduceResult, ProducerCounts } from './results.ts'
import { type BatchOptions, type FlushOptions, NO_OPTIONS, Sender, type SendOptions } from './sender.ts'
import { type ProducerToken, tokenOf } from './share.ts'
import { describeTopic, leadersOf, type PartitionLeader, type TopicDescription } from './topic.ts'
import {
  RunningTransaction,
  type Transaction,
  type TransactionOptions,
  type TransactionResult,
} from './transaction.ts'
import { noTransactions, outsideTransaction } from './transaction-errors.ts'
import { startTransactions } from './transactions-start.ts'

export interface ConnectOptions {
  /** Default `auto`: the batch engine, or the callback engine where the addon was not built. */
  readonly engine?: EngineName | undefined
  /** How long to wait for the first broker to answer, in ms; default 10,000. */
  readonly timeoutMs?: number | undefined
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined
  /** Whether acknowledgements are timed, for `latency`; default false. About 12 ns a message. */
  readonly latency?: boolean | undefined
  /** Hears what is odd but no error, such as properties without effect; default: process.emitWarning. */
  readonly onWarning?: ((text: string) => void) | undefined
  /** Hears librdkafka's log from the first line on. */
  readonly onLog?: ((line: LogLine) => void) | undefined
}

export interface CloseOptions {
  /** How long messages on their way may take; default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Ends the waiting at once; everything is accounted for all the same. */
  readonly signal?: AbortSignal | undefined
}

export interface ProducerEvents {
  /** librdkafka's statistics, every statistics.interval.ms. */
  statistics: [statistics: Readonly<Record<string, unknown>>]
  log: [line: LogLine]
  /** A broker holds back its answers by so much, for a quota; 0: no longer. */
  throttle: [throttle: Throttle]
  /** Something went wrong with a broker; librdkafka goes on trying. */
  clientError: [error: KafkaError]
  /** The producer takes no more messages. */
  fatal: [error: MillraceError]
}

export type ProducerState = 'open' | 'closing' | 'closed'

/**
 * A Kafka producer that accounts for every message: each one accepted ends exactly once, as delivered,
 * failed, or handed back by `close`.
 *
 * Memory is bounded by queue.buffering.max.messages and queue.buffering.max.kbytes: calls wait for room,
 * in their order. Messages enter each partition in the order of the calls. Arrays and buffers that were
 * given belong to the producer until the call's promise settles.
 */
export class Producer extends EventEmitter<ProducerEvents> {
  readonly #client: ProducerClient
  readonly #engine: Engine
  readonly #sender: Sender
  readonly #ledger = new Ledger()
  readonly #properties: ProducerProperties
  #transaction: RunningTransaction | undefined
  /** Transactions run one after the other. */
  #transactions: Promise<unknown> = Promise.resolve()
  #state: ProducerState = 'open'
  #fatal: MillraceError | undefined
  #closing: Promise<CloseResult> | undefined

  private constructor(client: ProducerClient, engine: Engine, properties: ProducerProperties) {
    super()
    this.#client = client
    this.#engine = engine
    this.#properties = properties
    this.#sender = new Sender(engine, error => this.#onFatal(error))
  }

  /**
   * Checks the properties, connects, and waits until a broker answered.
   *
   * Defaults that differ from librdkafka's: enable.idempotence=true, acks=all,
   * partitioner=murmur2_random (as the Java client chooses), 100,000 messages or 64 MiB in flight.
   * With a transactional.id it also fences older producers of that id, and sends inside `transaction` only.
   * @throws MillraceError CONFIG_…, CLIENT_NOT_BUILT, ENGINE_UNAVAILABLE, BROKER_UNREACHABLE,
   * AUTHENTICATION_FAILED, PRODUCER_FENCED, REQUEST_FAILED, ABORTED; nothing stays behind then.
   */
  static async connect(properties: ProducerProperties, options: ConnectOptions = {}): Promise<Producer> {
    const { signal, onLog } = optionsOf('connect', options)
    checkSignal(signal)
    const timeoutMs = timeout(options.timeoutMs ?? 10_000)
    const onWarning = options.onWarning ?? (text => process.emitWarning(text, 'MillraceWarning'))
    const effective = effectiveProperties(properties, onWarning)
    let producer: Producer | undefined
    let connected: ConnectedEngine | undefined
    const listener = {
      error: (error: KafkaError) => producer?.emit('clientError', error),
      log: (line: LogLine) => {
        // the error event of a fatal error looks like any other; the log line tells it, and why
        if (line.facility === 'FATAL') connected?.engine.fatal(line.message.replace(/^.*Fatal error: /, ''))
        onLog?.(line)
        producer?.emit('log', line)
      },
      throttle: (throttle: Throttle) => producer?.emit('throttle', throttle),
      statistics: (json: string) => producer?.emit('statistics', JSON.parse(json)),
    }
    connected = await connectEngine(options.engine ?? 'auto', effective, listener, {
      timeoutMs,
      timed: options.latency === true,
      signal,
      onWarning,
    })
    producer = new Producer(connected.client, connected.engine, effective)
    if (connected.channel !== undefined) rememberHandle(producer, connected.channel)
    if (!producer.#transactional) return producer
    try {
      await startTransactions(connected.client, timeoutMs, signal)
      return producer
    } catch (error) {
      await producer.close({ timeoutMs: 0 })
      throw error
    }
  }

  /** The engine that messages take. */
  get engine(): 'batch' | 'callback' {
    return this.#engine.name
  }

  get state(): ProducerState {
    return this.#state
  }

  /**
   * The account so far, of all threads: accepted = delivered + failed + aborted + inFlight while open. What an open
   * transaction has sent is in flight until it is committed.
   */
  get counts(): ProducerCounts {
    const { waiting, ...counts } = this.#sender.counts
    return { ...this.#ledger.apply(counts), waiting }
  }

  /**
   * Sends one message. Waits for room, then for its acknowledgement.
   * @throws DeliveryError when it was not delivered; MillraceError INVALID_MESSAGE, UNSUPPORTED_MESSAGE,
   * MESSAGE_TOO_LARGE, PRODUCER_CLOSED, PRODUCER_FATAL, ABORTED when it was not accepted.
   */
  send(message: Message, options: SendOptions = NO_OPTIONS): Promise<Delivery> {
    // not an async function, whose second promise would cost as much as the first
    try {
      this.#checkOutside()
      return this.#sender.send(message, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /**
   * As `send`, for those who must not wait for room: null at once when there is none, and nothing was
   * accepted.
   */
  trySend(message: Message): Promise<Delivery> | null {
    try {
      this.#checkOutside()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#sender.trySend(message)
  }

  /**
   * Sends many messages, an array or framed bytes. Waits until each has ended; failed ones do not make
   * it reject, they stand in the result.
   * A frame's `bytes` must stay as they are until then, and where they are large (64 KiB, or 256 bytes a message) librdkafka
   * reads them where they are: their memory cannot be transferred to a worker any more.
   * @throws MillraceError INVALID_MESSAGE for a frame whose ranges do not fit; ABORTED, PRODUCER_CLOSED or
   * PRODUCER_FATAL when not all could be offered: `context.result` is then the BatchResult of the first
   * `offered` of them, which have ended; the others were not accepted.
   */
  sendBatch(messages: readonly Message[] | Framed, options: BatchOptions = {}): Promise<BatchResult> {
    return this.#sender.sendBatch(messages, options, () => this.#checkOutside())
  }

  /**
   * Sends all that an iterable, an async iterable or a Readable gives, through parallel produce loops.
   * Each loop keeps as many messages on their way as there is room for. Waits until every accepted
   * message has ended; failed ones do not make it reject. One loop keeps the source's order.
   * @throws MillraceError SOURCE_FAILED, ABORTED, PRODUCER_CLOSED, PRODUCER_FATAL; `context.result` is
   * the ProduceResult up to there.
   */
  produceFrom<T = Item>(source: Source<T>, options: ProduceFromOptions<T> = {}): Promise<ProduceResult> {
    return this.#sender.produceFrom(source, options, () => this.#checkOutside())
  }

  /**
   * Runs `work` within a transaction and commits what it sent, all or nothing. Waits for transactions that were begun
   * before, for `work`, and for the commit. When `work` throws, or a message fails, the transaction is aborted: what
   * it had accepted counts as aborted, and what `work` threw is thrown on.
   *
   * A commit is over once every message of the transaction was acknowledged and the coordinator has written it.
   * @throws MillraceError TRANSACTION_ABORTED when librdkafka asked for the abort: it may be tried again;
   * TRANSACTION_TIMED_OUT, PRODUCER_FENCED, PRODUCER_FATAL: nothing of it is visible, and the producer is done;
   * TRANSACTION_UNKNOWN when the commit was not confirmed within `timeoutMs`: its messages count as failed, possibly
   * persisted, and the producer is done; PRODUCER_CLOSED when it was closed meanwhile: aborted.
   */
  transaction<T>(
    work: (transaction: Transaction) => Promise<T> | T,
    options: TransactionOptions = {},
  ): Promise<TransactionResult<T>> {
    let timeoutMs: number
    try {
      timeoutMs = optionsOf('transaction', options).timeoutMs ?? 60_000
      if (typeof work !== 'function') throw new MillraceError('USAGE', 'transaction takes a function')
      timeout(timeoutMs)
      if (within.getStore() === this) {
        throw new MillraceError('USAGE', 'A transaction was asked for inside of another one', {
          hint: 'They run one after the other: it would wait for itself. Send through the one that there is',
        })
      }
    } catch (error) {
      return Promise.reject(error)
    }
    const run = this.#transactions.then(() => this.#transact(work, timeoutMs))
    this.#transactions = run.catch(() => {})
    return run
  }

  /**
   * How long delivered messages took, of all threads: from when each was due (`dueAt`), or else from the call, to its
   * acknowledgement, waiting for room included. `reset` starts the next one from zero; nothing is lost in between.
   * @throws MillraceError USAGE where the producer was not connected with `latency: true`
   */
  latency(options: { reset?: boolean } = {}): Histogram {
    const { reset = false } = optionsOf('latency', options)
    const latencies = this.#engine.latencies(reset)
    if (latencies !== null) return latencies
    throw new MillraceError('USAGE', 'This producer does not measure latencies', {
      hint: 'Connect it with { latency: true }',
    })
  }

  /**
   * A token for other threads: `AttachedProducer.attach(token)` in a worker sends through this producer, with its
   * client, its sequence and its bound of memory. This producer's counts and `close` account for all threads.
   * @throws MillraceError ENGINE_UNAVAILABLE with the callback engine, which one thread alone can use; USAGE with a
   * transactional.id: a transaction belongs to one thread; PRODUCER_CLOSED
   */
  share(): ProducerToken {
    this.#check()
    if (this.#transactional) {
      throw new MillraceError('USAGE', 'A producer with a transactional.id is not shared between threads', {
        hint: 'Give each thread a producer of its own, or send to this one what threads have prepared',
      })
    }
    if (this.#engine instanceof BatchEngine) return tokenOf(this.#engine.shared)
    throw new MillraceError('ENGINE_UNAVAILABLE', 'The callback engine cannot be shared between threads', {
      hint: "Threads share a producer of the batch engine; connect with { engine: 'batch' } to see why it is not used",
    })
  }

  /**
   * Sends without lingering and waits until no message is on its way or waiting.
   * @throws MillraceError FLUSH_TIMEOUT after `timeoutMs`, with `context.inFlight`
   */
  async flush(options: FlushOptions = {}): Promise<void> {
    if (this.#state === 'closed') return
    return this.#sender.flush(options)
  }

  /**
   * Takes no more calls, lets those made before finish for at most `timeoutMs`, accounts for every
   * message, and frees everything. Never rejects (but for a timeout
   * that is none), never hangs. A second call gives the first one's result.
   *
   * What was not accepted by then rejects with PRODUCER_CLOSED. Accepted messages that had not ended
   * are in `unsent` where the engine knows that they were never sent; otherwise they count as failed,
   * possibly persisted, and their promises say so. Of frames sent with `detail: 'counts'` it keeps no message apart:
   * those that were never sent count as failed, and not as possibly persisted.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    // checked before: a call with a wrong option is not the one that closes
    if (this.#closing === undefined) {
      try {
        checkCloseOptions(options)
      } catch (error) {
        return Promise.reject(error)
      }
    }
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {})
  }

  /**
   * Asks the cluster for a topic: its partitions, their leaders, first and next offsets.
   * Null when there is no such topic (where allow.auto.create.topics permits, asking makes it).
   * @throws MillraceError INVALID_MESSAGE for what Kafka has no topic of; BROKER_UNREACHABLE, REQUEST_FAILED,
   * PRODUCER_CLOSED
   */
  async describeTopic(topic: string, options: { timeoutMs?: number } = {}): Promise<TopicDescription | null> {
    const { timeoutMs = 10_000 } = optionsOf('describeTopic', options)
    if (this.#state !== 'open') throw closedError(this.#state)
    checkTopic(topic)
    // librdkafka's default is true for producers
    const mayBeMade = this.#properties['allow.auto.create.topics'] !== false
    return describeTopic(this.#client, topic, { timeoutMs: timeout(timeoutMs), mayBeMade })
  }

  /**
   * Asks the cluster for a topic's partitions and their leaders, in one request. Null when there is no such topic
   * (where allow.auto.create.topics permits, asking makes it, and it is there a moment later).
   * @throws MillraceError as describeTopic
   */
  async topicLeaders(
    topic: string,
    options: { timeoutMs?: number } = {},
  ): Promise<readonly PartitionLeader[] | null> {
    const { timeoutMs = 10_000 } = optionsOf('topicLeaders', options)
    if (this.#state !== 'open') throw closedError(this.#state)
    checkTopic(topic)
    return leadersOf(this.#client, topic, timeout(timeoutMs))
  }

  async #transact<T>(
    work: (transaction: Transaction) => Promise<T> | T,
    timeoutMs: number,
  ): Promise<TransactionResult<T>> {
    if (!this.#transactional) throw noTransactions()
    this.#check()
    const transaction = await RunningTransaction.begin({
      client: this.#client,
      engine: this.#engine,
      sender: this.#sender,
      ledger: this.#ledger,
      lifetimeMs: Number(this.#properties['transaction.timeout.ms'] ?? DEFAULT_TRANSACTION_MS),
      check: () => this.#check(),
      lost: error => this.#onLost(error),
    })
    this.#transaction = transaction
    // closed while it began
    if (this.#state !== 'open') transaction.cancel(closedError(this.#state))
    try {
      return await transaction.run(tx => within.run(this, () => work(tx)), timeoutMs)
    } finally {
      this.#transaction = undefined
    }
  }

  async #close({ timeoutMs = 30_000, signal }: CloseOptions): Promise<CloseResult> {
    const deadline = performance.now() + timeoutMs
    this.#state = 'closing'
    const error = closedError(this.#state)
    this.#sender.stopRuns(error)
    if (this.#engine instanceof BatchEngine) this.#engine.closing()
    this.#transaction?.cancel(error)
    await withinOrAborted(this.#transactions, timeoutMs, signal)
    await this.#sender.drain(Math.max(0, deadline - performance.now()), signal)
    this.#sender.withdraw(error)
    const unsent = await this.#engine.close()
    this.#transaction?.settle()
    this.#state = 'closed'
    const { accepted, refused, delivered, failed, possiblyPersisted, aborted } = this.#ledger.apply(
      this.#engine.counts,
    )
    return { accepted, refused, delivered, failed, possiblyPersisted, aborted, unsent }
  }

  get #transactional(): boolean {
    return this.#properties['transactional.id'] !== undefined
  }

  #check(): void {
    if (this.#fatal !== undefined) throw this.#fatal
    if (this.#state !== 'open') throw closedError(this.#state)
  }

  /** Whether a message may be sent outside of a transaction. */
  #checkOutside(): void {
    this.#check()
    if (this.#transactional) throw outsideTransaction()
  }

  #onFatal(error: MillraceError): void {
    if (this.#fatal !== undefined) return
    this.#fatal = error
    this.#sender.withdraw(error)
    // apart: a listener that throws is not to cut short what this was found in
    process.nextTick(() => this.emit('fatal', error))
  }

  /** A transaction found out more exactly why the producer cannot go on. */
  #onLost(error: MillraceError): void {
    if (this.#fatal === undefined) this.#onFatal(error)
    else this.#fatal = error
  }
}

/** The producer whose transaction is running the calling code. */
const within = new AsyncLocalStorage<Producer>()

/** librdkafka's transaction.timeout.ms. */
const DEFAULT_TRANSACTION_MS = 60_000

/** Waits for a promise that never rejects, but not for ever. */
async function withinOrAborted(
  promise: Promise<unknown>,
  timeoutMs: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { promise: given, resolve } = deferred<void>()
  const timer = setTimeout(resolve, Math.min(timeoutMs, 0x7fff_ffff))
  const onAbort = () => resolve()
  if (signal?.aborted) resolve()
  if (signal !== undefined) setMaxListeners(0, signal)
  signal?.addEventListener('abort', onAbort, { once: true })
  await Promise.race([promise, given])
  signal?.removeEventListener('abort', onAbort)
  clearTimeout(timer)
}
