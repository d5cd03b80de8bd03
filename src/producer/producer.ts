import { EventEmitter } from 'node:events'
import type { KafkaError } from '../client/kafka-errors.ts'
import type { ProducerClient } from '../client/producer-client.ts'
import type { LogLine } from '../client/witness.ts'
import type { ProducerProperties } from '../config/index.ts'
import { type ConnectedEngine, connectEngine, type EngineName } from '../engine/connect.ts'
import type { Engine } from '../engine/engine.ts'
import { MillraceError } from '../errors.ts'
import type { Delivery, Detail, Framed, Message } from '../types.ts'
import { effectiveProperties } from './effective-properties.ts'
import { checkFramed, isFramed } from './framed.ts'
import { Line } from './line.ts'
import {
  type Host,
  type Item,
  type ProduceFromOptions,
  ProduceRun,
  type Source,
  withResult,
} from './produce-from.ts'
import {
  type BatchResult,
  batchResult,
  type CloseResult,
  type ProduceResult,
  type ProducerCounts,
} from './results.ts'
import { timeout } from './timeouts.ts'
import { describeTopic, type TopicDescription } from './topic.ts'
import { BatchWaiter, MessageWaiter, SendReceiver } from './waiters.ts'

export interface ConnectOptions {
  /** Default `auto`: the batch engine, or the callback engine where the addon was not built. */
  readonly engine?: EngineName | undefined
  /** How long to wait for the first broker to answer, in ms; default 10,000. */
  readonly timeoutMs?: number | undefined
  /** Gives up connecting. */
  readonly signal?: AbortSignal | undefined
  /** Hears what is odd but no error, such as properties without effect; default: process.emitWarning. */
  readonly onWarning?: ((text: string) => void) | undefined
  /** Hears librdkafka's log from the first line on. */
  readonly onLog?: ((line: LogLine) => void) | undefined
}

export interface SendOptions {
  /** Withdraws the message if it was not accepted yet. */
  readonly signal?: AbortSignal | undefined
}

export interface BatchOptions extends SendOptions {
  /** What to keep of each delivery; default `failures`. */
  readonly detail?: Detail | undefined
}

export interface FlushOptions {
  /** Default: as long as it takes; every message ends within delivery.timeout.ms. */
  readonly timeoutMs?: number | undefined
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
  readonly #makesTopics: boolean
  readonly #line = new Line()
  readonly #runs = new Set<{ stop(error: MillraceError): void }>()
  #state: ProducerState = 'open'
  #fatal: MillraceError | undefined
  #closing: Promise<CloseResult> | undefined

  private constructor(client: ProducerClient, engine: Engine, makesTopics: boolean) {
    super()
    this.#makesTopics = makesTopics
    this.#client = client
    this.#engine = engine
    engine.listener = {
      room: () => this.#line.pump(),
      fatal: error => this.#onFatal(error),
    }
  }

  /**
   * Checks the properties, connects, and waits until a broker answered.
   *
   * Defaults that differ from librdkafka's: enable.idempotence=true, acks=all,
   * partitioner=murmur2_random (as the Java client chooses), 100,000 messages or 64 MiB in flight.
   * @throws MillraceError CONFIG_…, CLIENT_NOT_BUILT, ENGINE_UNAVAILABLE, BROKER_UNREACHABLE,
   * AUTHENTICATION_FAILED, ABORTED; nothing stays behind then.
   */
  static async connect(properties: ProducerProperties, options: ConnectOptions = {}): Promise<Producer> {
    const { signal, onLog } = options
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
      statistics: (json: string) => producer?.emit('statistics', JSON.parse(json)),
    }
    connected = await connectEngine(options.engine ?? 'auto', effective, listener, {
      timeoutMs,
      signal,
      onWarning,
    })
    // librdkafka's default is true for producers
    const makesTopics = effective['allow.auto.create.topics'] !== false
    producer = new Producer(connected.client, connected.engine, makesTopics)
    return producer
  }

  /** The engine that messages take. */
  get engine(): 'batch' | 'callback' {
    return this.#engine.name
  }

  get state(): ProducerState {
    return this.#state
  }

  /** The account so far: accepted = delivered + failed + aborted + inFlight while open. */
  get counts(): ProducerCounts {
    return { ...this.#engine.counts, waiting: this.#line.length }
  }

  /**
   * Sends one message. Waits for room, then for its acknowledgement.
   * @throws DeliveryError when it was not delivered; MillraceError INVALID_MESSAGE, UNSUPPORTED_MESSAGE,
   * MESSAGE_TOO_LARGE, PRODUCER_CLOSED, PRODUCER_FATAL, ABORTED when it was not accepted.
   */
  async send(message: Message, { signal }: SendOptions = {}): Promise<Delivery> {
    this.#check()
    const receiver = new SendReceiver()
    if (signal === undefined && this.#line.empty && this.#engine.offer(message, receiver))
      return receiver.promise
    const withdraw = (error: MillraceError) => receiver.refused(error)
    this.#line.enter(new MessageWaiter(this.#engine, message, receiver, () => {}, withdraw), signal)
    return receiver.promise
  }

  /**
   * As `send`, for those who must not wait for room: null at once when there is none, and nothing was
   * accepted.
   */
  trySend(message: Message): Promise<Delivery> | null {
    try {
      this.#check()
    } catch (error) {
      return Promise.reject(error)
    }
    if (!this.#line.empty) return null
    const receiver = new SendReceiver()
    return this.#engine.offer(message, receiver) ? receiver.promise : null
  }

  /**
   * Sends many messages, an array or framed bytes. Waits until each has ended; failed ones do not make
   * it reject, they stand in the result.
   * @throws MillraceError INVALID_MESSAGE for a frame whose ranges do not fit; ABORTED, PRODUCER_CLOSED or
   * PRODUCER_FATAL when not all could be offered: `context.result` is then the BatchResult of the first
   * `offered` of them, which have ended; the others were not accepted.
   */
  async sendBatch(messages: readonly Message[] | Framed, options: BatchOptions = {}): Promise<BatchResult> {
    const { detail = 'failures', signal } = options
    checkDetail(detail)
    const length = batchLength(messages)
    this.#check()
    const tally = this.#engine.tally(length, detail)
    const waiter = new BatchWaiter(this.#engine, messages, length, tally)
    this.#line.enter(waiter, signal)
    let cut: MillraceError | undefined
    await waiter.offered.catch(error => {
      cut = error
    })
    tally.seal()
    await tally.ended
    const result = batchResult(tally, length)
    if (cut !== undefined) throw withResult(cut, result)
    return result
  }

  /**
   * Sends all that an iterable, an async iterable or a Readable gives, through parallel produce loops.
   * Each loop keeps as many messages on their way as there is room for. Waits until every accepted
   * message has ended; failed ones do not make it reject. One loop keeps the source's order.
   * @throws MillraceError SOURCE_FAILED, ABORTED, PRODUCER_CLOSED, PRODUCER_FATAL; `context.result` is
   * the ProduceResult up to there.
   */
  async produceFrom<T = Item>(
    source: Source<T>,
    options: ProduceFromOptions<T> = {},
  ): Promise<ProduceResult> {
    const { loops = 1 } = options
    if (!Number.isInteger(loops) || loops < 1) {
      throw new MillraceError('USAGE', `produceFrom takes a whole number of loops from 1, not ${loops}`)
    }
    this.#check()
    const host: Host = { engine: this.#engine, line: this.#line, check: () => this.#check() }
    const run = new ProduceRun(host, source, options)
    this.#runs.add(run)
    try {
      return await run.run()
    } finally {
      this.#runs.delete(run)
    }
  }

  /**
   * Sends without lingering and waits until no message is on its way or waiting.
   * @throws MillraceError FLUSH_TIMEOUT after `timeoutMs`, with `context.inFlight`
   */
  async flush({ timeoutMs = Number.POSITIVE_INFINITY }: FlushOptions = {}): Promise<void> {
    if (this.#state === 'closed') return
    if (await this.#drain(timeout(timeoutMs))) return
    const { inFlight, waiting } = this.counts
    throw new MillraceError(
      'FLUSH_TIMEOUT',
      `${inFlight} messages were still on their way after ${timeoutMs} ms`,
      {
        hint: 'They go on; flush again, or close() to account for them',
        context: { inFlight, waiting },
      },
    )
  }

  /**
   * Takes no more calls, lets those made before finish for at most `timeoutMs`, accounts for every
   * message, and frees everything. Never rejects (but for a timeout
   * that is none), never hangs. A second call gives the first one's result.
   *
   * What was not accepted by then rejects with PRODUCER_CLOSED. Accepted messages that had not ended
   * are in `unsent` where the engine knows that they were never sent; otherwise they count as failed,
   * possibly persisted, and their promises say so.
   */
  close(options: CloseOptions = {}): Promise<CloseResult> {
    this.#closing ??= this.#close(options)
    return this.#closing
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close().then(() => {})
  }

  /**
   * Asks the cluster for a topic: its partitions, their leaders, first and next offsets.
   * Null when there is no such topic (where allow.auto.create.topics permits, asking makes it).
   * @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED, PRODUCER_CLOSED
   */
  async describeTopic(
    topic: string,
    { timeoutMs = 10_000 }: { timeoutMs?: number } = {},
  ): Promise<TopicDescription | null> {
    if (this.#state !== 'open') throw closedError(this.#state)
    return describeTopic(this.#client, topic, { timeoutMs: timeout(timeoutMs), mayBeMade: this.#makesTopics })
  }

  async #close({ timeoutMs = 30_000, signal }: CloseOptions): Promise<CloseResult> {
    timeout(timeoutMs)
    this.#state = 'closing'
    for (const run of this.#runs) run.stop(closedError(this.#state))
    await this.#drain(timeoutMs, signal)
    this.#line.clear(closedError(this.#state))
    const unsent = await this.#engine.close()
    this.#state = 'closed'
    const { accepted, refused, delivered, failed, possiblyPersisted, aborted } = this.#engine.counts
    return { accepted, refused, delivered, failed, possiblyPersisted, aborted, unsent }
  }

  /** Until neither the line nor the engine holds a message. */
  async #drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    for (;;) {
      const left = Math.max(0, deadline - performance.now())
      const drained = await this.#engine.drain(left, signal)
      if (drained && this.#line.empty) return true
      if (left === 0 || signal?.aborted) return false
      // nothing in flight and someone in line: it is offered in the next turns
      await new Promise(resolve => setImmediate(resolve))
    }
  }

  #check(): void {
    if (this.#fatal !== undefined) throw this.#fatal
    if (this.#state !== 'open') throw closedError(this.#state)
  }

  #onFatal(error: MillraceError): void {
    if (this.#fatal !== undefined) return
    this.#fatal = error
    for (const run of this.#runs) run.stop(error)
    this.#line.clear(error)
    this.emit('fatal', error)
  }
}

function closedError(state: ProducerState): MillraceError {
  return new MillraceError('PRODUCER_CLOSED', `The producer is ${state === 'open' ? 'closing' : state}`, {
    hint: 'What this error speaks of was not accepted; send it through a new producer',
  })
}

const details: readonly Detail[] = ['counts', 'failures', 'all']

function checkDetail(detail: Detail): void {
  if (details.includes(detail)) return
  throw new MillraceError('USAGE', `There is no detail ${JSON.stringify(detail)}`, {
    hint: `Give ${details.join(', ')}`,
  })
}

function batchLength(messages: readonly Message[] | Framed): number {
  if (Array.isArray(messages)) return messages.length
  if (isFramed(messages)) return checkFramed(messages)
  throw new MillraceError('USAGE', 'sendBatch takes an array of messages, or framed bytes')
}
