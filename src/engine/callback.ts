import { setImmediate as turn } from 'node:timers/promises'
import {
  type ClientError,
  DESTROY,
  FATAL,
  identify,
  type KafkaError,
  kafkaError,
  NO_ERROR,
  QUEUE_FULL,
} from '../client/kafka-errors.ts'
import type { ProducerClient, Report } from '../client/producer-client.ts'
import type { MillraceError } from '../errors.ts'
import { Histogram, now } from '../latency/index.ts'
import type { Detail, Framed, Message } from '../types.ts'
import { Admission, MESSAGE_OVERHEAD } from './admission.ts'
import { DeliveryErrors, fatalError } from './delivery-errors.ts'
import type { Engine, EngineCounts, EngineListener, Limits, Receiver, Tally } from './engine.ts'
import {
  asMillraceError,
  checkMessage,
  checkPartition,
  checkTimestamp,
  checkTopic,
  encode,
  encodeValue,
  slice,
  stringHeaders,
  tooLarge,
} from './message.ts'
import { type Owner, Slots } from './slots.ts'
import { CallbackTally } from './tally.ts'

/** Between two looks for reports while messages are in flight: a report waits half of that on average. */
const POLL_MS = 2
/** Errors, statistics and OAuth tokens want to be served too when nothing is in flight. */
const IDLE_POLL_MS = 100
const FLUSH_SLICE_MS = 100
/** How long the reason of a fatal error may be on its way. */
const FATAL_LOG_MS = 500

interface Wire {
  topic: string
  partition: number
  value: Uint8Array | null
  key: Uint8Array | null
  timestamp: number | null
  headers: Record<string, string>[] | undefined
  headerBytes: number
}

/**
 * node-rdkafka's own produce() for each message and its polled delivery reports.
 *
 * Works wherever node-rdkafka does. What it cannot do, here and nowhere else: header values that are
 * not text, or null, are refused (UNSUPPORTED_MESSAGE); without purge and message status, what had not
 * ended when it closes counts as possibly persisted, and `unsent` is empty.
 */
export class CallbackEngine implements Engine {
  readonly name = 'callback'
  listener: EngineListener = { room() {}, fatal() {} }
  readonly timed: boolean
  readonly #client: ProducerClient
  readonly #admission: Admission
  readonly #slots = new Slots()
  readonly #errors = new DeliveryErrors()
  #latencies: Histogram | null
  #accepted = 0
  #refused = 0
  #delivered = 0
  #failed = 0
  #possiblyPersisted = 0
  #timer: NodeJS.Timeout | undefined
  #timerMs = 0
  #fatalTimer: NodeJS.Timeout | undefined
  #waking = false
  #closed = false

  constructor(client: ProducerClient, limits: Limits, timed: boolean) {
    this.timed = timed
    this.#latencies = timed ? new Histogram() : null
    this.#client = client
    this.#admission = new Admission(limits)
    this.#pollEvery(IDLE_POLL_MS)
  }

  get limits(): Limits {
    return this.#admission.limits
  }

  get counts(): EngineCounts {
    return {
      accepted: this.#accepted,
      refused: this.#refused,
      delivered: this.#delivered,
      failed: this.#failed,
      possiblyPersisted: this.#possiblyPersisted,
      aborted: 0,
      handedBack: 0,
      inFlight: this.#admission.messages,
      inFlightBytes: this.#admission.bytes,
    }
  }

  offer(message: Message, receiver: Receiver, due: number): boolean {
    let wire: Wire
    try {
      wire = toWire(message)
    } catch (error) {
      this.#refuse(receiver, 0, asMillraceError(error))
      return true
    }
    return this.#produce(wire, receiver, 0, due)
  }

  tally(length: number, detail: Detail, due: number): Tally {
    return new CallbackTally(length, detail, due)
  }

  offerMany(messages: readonly Message[] | Framed, from: number, to: number, tally: Tally): number {
    const own = tally as CallbackTally
    return Array.isArray(messages)
      ? this.#offerArray(messages as readonly Message[], from, to, own)
      : this.#offerFramed(messages as Framed, from, to, own)
  }

  async drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    while (this.#admission.messages > 0 && !this.#closed) {
      const left = deadline - performance.now()
      if (left <= 0 || signal?.aborted) break
      await this.#client.flush(Math.min(Math.ceil(left), FLUSH_SLICE_MS))
      // reports come in later turns, a hundred in each
      await turn()
    }
    return this.#admission.messages === 0
  }

  /** It cannot tell what was never sent, and hands nothing back. */
  discardHandedBack(): void {}

  async close(): Promise<Message[]> {
    await this.#fetchReports()
    this.#closed = true
    clearInterval(this.#timer)
    clearTimeout(this.#fatalTimer)
    this.#abandon()
    await this.#client.disconnect()
    return []
  }

  /** Called by the client with each delivery report. */
  report(error: ClientError | null, report: Report): void {
    if (this.#closed) return
    const slot = report.opaque
    const slots = this.#slots
    const owner = slots.owners[slot] as Owner
    const index = slots.indexes[slot] as number
    if (error === null) this.#latencies?.record(now() - (slots.dues[slot] as number))
    this.#admission.give(slots.costs[slot] as number)
    slots.release(slot)
    if (error === null) this.#deliver(owner, index, report)
    else this.#fail(owner, index, identify(error), report.topic, report.partition)
    if (this.#admission.wakes()) this.#wake()
    if (this.#admission.messages === 0) {
      this.#pollEvery(IDLE_POLL_MS)
    }
  }

  /** Called by the client when librdkafka says that the producer cannot go on, with its reason. */
  fatal(reason: string): void {
    if (this.#closed) return
    this.listener.fatal(fatalError(reason))
  }

  #offerArray(messages: readonly Message[], from: number, to: number, tally: CallbackTally): number {
    for (let index = from; index < to; index++) {
      let wire: Wire
      try {
        wire = toWire(messages[index] as Message)
      } catch (error) {
        this.#refuse(tally, index, asMillraceError(error))
        continue
      }
      if (!this.#produce(wire, tally, index, tally.due)) return index
    }
    return to
  }

  #offerFramed(framed: Framed, from: number, to: number, tally: CallbackTally): number {
    let wire: Wire
    try {
      wire = framedToWire(framed)
    } catch (error) {
      const refusal = asMillraceError(error)
      for (let index = from; index < to; index++) this.#refuse(tally, index, refusal)
      return to
    }
    const { bytes, ranges, keys } = framed
    for (let index = from; index < to; index++) {
      try {
        wire.value = slice(bytes, ranges, index)
        if (keys !== undefined) wire.key = slice(keys.bytes, keys.ranges, index)
      } catch (error) {
        this.#refuse(tally, index, asMillraceError(error))
        continue
      }
      if (!this.#produce(wire, tally, index, tally.due)) return index
    }
    return to
  }

  latencies(reset: boolean): Histogram | null {
    const taken = this.#latencies
    if (reset && taken !== null) this.#latencies = new Histogram()
    return taken
  }

  #produce(wire: Wire, owner: Owner, index: number, due: number): boolean {
    const { topic, value, key } = wire
    const cost = MESSAGE_OVERHEAD + wire.headerBytes + (value?.byteLength ?? 0) + (key?.byteLength ?? 0)
    if (!this.#admission.fits(cost)) {
      this.#refuse(owner, index, tooLarge(cost, this.#admission.limits.bytes, topic))
      return true
    }
    if (!this.#admission.take(cost)) return false
    const slot = this.#slots.take(owner, index, topic, cost)
    if (this.timed) this.#slots.dues[slot] = due
    const code = this.#client.produce(topic, wire.partition, value, key, wire.timestamp, slot, wire.headers)
    if (code === NO_ERROR) {
      this.#accepted++
      if (owner instanceof CallbackTally) owner.accept()
      if (this.#timerMs !== POLL_MS) this.#pollEvery(POLL_MS)
      return true
    }
    this.#slots.release(slot)
    this.#admission.give(cost)
    // librdkafka's own limits are lifted; should it run out all the same, there is room after a report
    if (code === QUEUE_FULL && this.#admission.messages > 0) {
      this.#admission.arm()
      return false
    }
    if (code === FATAL) this.#meetFatal()
    this.#refuse(owner, index, this.#errors.refused(code, topic, wire.partition))
    return true
  }

  #refuse(owner: Owner, index: number, error: MillraceError): void {
    this.#refused++
    if (owner instanceof CallbackTally) owner.refuse(index, error)
    else owner.refused(error)
  }

  #deliver(owner: Owner, index: number, { topic, partition, offset }: Report): void {
    this.#delivered++
    const known = offset >= 0 ? offset : null
    if (owner instanceof CallbackTally) owner.deliver(index, topic, partition, known)
    else owner.delivered(topic, partition, known)
  }

  #fail(owner: Owner, index: number, cause: KafkaError, topic: string, partition: number): void {
    const error = this.#errors.failed(cause, topic, partition)
    this.#failed++
    if (error.possiblyPersisted) this.#possiblyPersisted++
    if (owner instanceof CallbackTally) owner.fail(index, error)
    else owner.failed(error)
  }

  /** A message was refused for it: the log line with the reason is on its way, or was lost. */
  #meetFatal(): void {
    if (this.#fatalTimer !== undefined) return
    this.#fatalTimer = setTimeout(() => this.fatal('librdkafka reported a fatal error'), FATAL_LOG_MS)
    this.#client.poll()
  }

  /** Reports come one by one within one turn: who waits is woken once, after them. */
  #wake(): void {
    if (this.#waking) return
    this.#waking = true
    setImmediate(() => {
      this.#waking = false
      if (!this.#closed) this.listener.room()
    })
  }

  /** Takes in what librdkafka has already reported, for as long as something comes. */
  async #fetchReports(): Promise<void> {
    let before: number
    do {
      before = this.#admission.messages
      this.#client.poll()
      await turn()
    } while (this.#admission.messages > 0 && this.#admission.messages < before)
  }

  #abandon(): void {
    const cause = kafkaError(DESTROY)
    for (let slot = 0; slot < this.#slots.owners.length; slot++) {
      const owner = this.#slots.owners[slot]
      if (owner === undefined) continue
      const index = this.#slots.indexes[slot] as number
      const topic = this.#slots.topics[slot] as string
      this.#admission.give(this.#slots.costs[slot] as number)
      this.#slots.release(slot)
      this.#fail(owner, index, cause, topic, -1)
    }
  }

  #pollEvery(milliseconds: number): void {
    if (this.#timerMs === milliseconds || this.#closed) return
    clearInterval(this.#timer)
    this.#timerMs = milliseconds
    this.#timer = setInterval(() => this.#client.poll(), milliseconds)
    if (milliseconds === IDLE_POLL_MS) this.#timer.unref()
  }
}

function toWire(message: Message): Wire {
  checkMessage(message)
  const { topic, headers } = message
  checkTopic(topic)
  const encoded = headers === null || headers === undefined ? undefined : stringHeaders(headers)
  return {
    topic,
    partition: checkPartition(message.partition),
    value: encodeValue(message.value),
    key: encode('key', message.key),
    timestamp: checkTimestamp(message.timestamp),
    headers: encoded?.list,
    headerBytes: encoded?.bytes ?? 0,
  }
}

/** Everything that is the same for all messages of a frame. */
function framedToWire(framed: Framed): Wire {
  const { topic, key, headers, timestamp, partition } = framed
  return toWire({ topic, key, headers, timestamp, partition, value: null })
}
