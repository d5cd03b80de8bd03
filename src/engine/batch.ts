import { setImmediate as turn } from 'node:timers/promises'
import { DESTROY, useErrors } from '../client/kafka-errors.ts'
import type { ProducerClient } from '../client/producer-client.ts'
import type { MillraceError } from '../errors.ts'
import { BUCKETS, Histogram } from '../latency/index.ts'
import type { Detail, Framed, Message } from '../types.ts'
import { MESSAGE_OVERHEAD } from './admission.ts'
import { BatchTally } from './batch-tally.ts'
import type { Binding } from './binding.ts'
import { borrowing } from './borrow.ts'
import { DeliveryErrors, fatalError } from './delivery-errors.ts'
import type { Engine, EngineCounts, EngineListener, Failure, Limits, Receiver, Tally } from './engine.ts'
import { asMillraceError, encode, messageOf, misplaced, producerClosed, tooLarge } from './message.ts'
import { FIELDS, messageOfPacked, Packer } from './packer.ts'
import { Singles } from './singles.ts'

/** Errors, statistics and OAuth tokens want to be served; deliveries do not come this way. */
const POLL_MS = 100
const FLUSH_SLICE_MS = 100
/** How long a purge may take to report everything; librdkafka does it within milliseconds. */
const PURGE_MS = 10_000
/** Messages packed for one crossing. */
const PACK = 1000

/** What `framed` answers instead of an index. */
const CLOSED = -1

/** What a worker needs to know of a producer whose channel it attaches to. */
export interface Shared {
  readonly token: string
  readonly limits: Limits
  readonly timed: boolean
}

/**
 * The addon's engine: one crossing into native code for many messages, their ends written down in the addon,
 * JavaScript woken once for many of them.
 *
 * The main thread opens it over a client; workers attach to it. All of them share its credits and its client, and
 * each hears of its own messages.
 */
export class BatchEngine implements Engine {
  readonly name = 'batch'
  readonly limits: Limits
  listener: EngineListener = { room() {}, fatal() {} }
  readonly #binding: Binding
  readonly #channel: number
  readonly timed: boolean
  readonly #home: boolean
  readonly #laneBase: Float64Array
  #client: ProducerClient | undefined
  readonly #errors = new DeliveryErrors()
  readonly #packer: Packer
  readonly #framedPacker: Packer
  readonly #singles: Singles
  readonly #topics = new Map<string, number>()
  readonly #tallies = new Map<number, BatchTally>()
  /** Memory that librdkafka may still read, of batches that never ended. */
  readonly #kept: unknown[] = []
  #unsent: Message[] = []
  #refusedHere = 0
  /** What the batches that have ended came to. */
  readonly #told = { delivered: 0, failed: 0, handedBack: 0, possiblyPersisted: 0 }
  #held = false
  #waiting = false
  #reading = false
  #lastCounts: Float64Array | undefined
  #lastLatencies: Histogram | null | undefined
  readonly #timer: NodeJS.Timeout
  #closed = false

  private constructor(
    binding: Binding,
    { limits, timed }: Omit<Shared, 'token'>,
    open: (wake: () => void) => number,
    home: boolean,
  ) {
    this.#binding = binding
    this.limits = limits
    this.timed = timed
    this.#home = home
    this.#channel = open(() => this.#awake())
    // a worker's lane may have been another's
    this.#laneBase = binding.laneCounts(this.#channel)
    const topicNumber = (name: string) => this.#topicNumber(name)
    this.#packer = new Packer(PACK, topicNumber)
    this.#framedPacker = new Packer(1, topicNumber)
    const host = {
      limitBytes: limits.bytes,
      topicNumber,
      sent: () => this.#hold(true),
      refused: () => {
        this.#refusedHere++
      },
      fatal: () => this.#meetFatal(),
      handBack: (message: Message) => {
        this.#unsent.push(message)
      },
    }
    this.#singles = new Singles(binding, this.#channel, host, this.#errors)
    this.#timer = setInterval(() => this.#client?.poll(), POLL_MS)
    this.#timer.unref()
  }

  /** The channel of a client that is to be made with `properties`. */
  static open(binding: Binding, limits: Limits, timed: boolean): BatchEngine {
    const { MAX_SAFE_INTEGER } = Number
    const messages = Math.min(limits.messages, MAX_SAFE_INTEGER)
    const bytes = Math.min(limits.bytes, MAX_SAFE_INTEGER)
    return new BatchEngine(
      binding,
      { limits, timed },
      wake => binding.open(messages, bytes, timed, wake),
      true,
    )
  }

  /**
   * Another thread's way into a channel.
   * @throws MillraceError PRODUCER_CLOSED where there is no such channel (any more)
   */
  static attach(binding: Binding, { token, ...shared }: Shared): BatchEngine {
    useErrors(binding.errors())
    const open = (wake: () => void) => {
      const channel = binding.attach(token, wake)
      if (channel === 0) throw producerClosed('No producer of this process has that token (any more)')
      return channel
    }
    return new BatchEngine(binding, shared, open, false)
  }

  /** What node-rdkafka's client is to be made with, before all other properties. */
  properties(path: string): Record<string, string> {
    return { 'plugin.library.paths': path, 'millrace.token': this.#binding.token(this.#channel) }
  }

  /** Its number in the addon. */
  get channel(): number {
    return this.#channel
  }

  /** What another thread attaches with. */
  get shared(): Shared {
    return { token: this.#binding.token(this.#channel), limits: this.limits, timed: this.timed }
  }

  /** The client could not be connected: nothing will come through the addon. */
  abandon(): void {
    this.#closed = true
    clearInterval(this.#timer)
    this.#binding.release(this.#channel)
  }

  serve(client: ProducerClient): void {
    this.#client = client
  }

  /** Of all threads in the main thread, in a worker of its own. */
  get counts(): EngineCounts {
    this.#singles.cross()
    if (!this.#home) return this.#ownCounts()
    const counts = this.#lastCounts ?? this.#binding.counts(this.#channel)
    return {
      accepted: counts[0] as number,
      refused: (counts[1] as number) + this.#refusedHere,
      delivered: counts[2] as number,
      failed: counts[3] as number,
      handedBack: counts[4] as number,
      possiblyPersisted: counts[5] as number,
      aborted: 0,
      inFlight: counts[6] as number,
      inFlightBytes: counts[7] as number,
    }
  }

  #ownCounts(): EngineCounts {
    const [acceptedBefore = 0, refusedBefore = 0] = this.#laneBase
    const [acceptedByLane = 0, refusedByLane = 0, inFlightBytes = 0] = this.#lastCounts ?? this.#laneCounts()
    const accepted = acceptedByLane - acceptedBefore
    const refused = refusedByLane - refusedBefore + this.#refusedHere
    const { delivered, failed, handedBack, possiblyPersisted } = this.#told
    const singles = this.#singles.told
    const sums = {
      delivered: delivered + singles.delivered,
      failed: failed + singles.failed,
      handedBack: handedBack + singles.handedBack,
      possiblyPersisted: possiblyPersisted + singles.possiblyPersisted,
    }
    const inFlight = accepted - sums.delivered - sums.failed - sums.handedBack
    return { accepted, refused, ...sums, aborted: 0, inFlight, inFlightBytes }
  }

  #laneCounts(): Float64Array {
    return this.#binding.laneCounts(this.#channel)
  }

  latencies(reset: boolean): Histogram | null {
    if (this.#lastLatencies !== undefined) return this.#lastLatencies
    const counts = new Float64Array(BUCKETS)
    if (!this.#binding.channelLatencies(this.#channel, counts, reset)) return null
    const histogram = new Histogram()
    histogram.add(counts)
    return histogram
  }

  offer(message: Message, receiver: Receiver, due: number): boolean {
    return this.#singles.offer(message, receiver, due) || this.#wait()
  }

  tally(length: number, detail: Detail, due: number): Tally {
    return new BatchTally(this.#binding, this.#channel, { length, detail, due }, this.#errors)
  }

  offerMany(messages: readonly Message[] | Framed, from: number, to: number, tally: Tally): number {
    // those sent alone before came first
    this.#singles.cross()
    const own = tally as BatchTally
    if (own.id === 0) {
      own.open(messages)
      this.#tallies.set(own.id, own)
      // its end is told by a wake-up, which alone keeps nobody alive
      this.#hold(true)
    }
    const next = Array.isArray(messages)
      ? this.#offerArray(messages as readonly Message[], from, to, own)
      : this.#offerFramed(own.messages as Framed, from, to, own)
    if (next < to) this.#wait()
    return next
  }

  /** There was no room. All of it may be other threads', so that nothing else keeps this one alive. */
  #wait(): false {
    this.#waiting = true
    this.#hold(true)
    return false
  }

  async drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    while (this.#inFlight() > 0 && !this.#closed) {
      const left = deadline - performance.now()
      if (left <= 0 || signal?.aborted) break
      await this.#flush(Math.min(Math.ceil(left), FLUSH_SLICE_MS))
      await turn()
    }
    this.#read(Number.POSITIVE_INFINITY)
    return this.#inFlight() === 0
  }

  discardHandedBack(): void {
    this.#unsent = []
  }

  /** Workers' calls are refused from here on. */
  closing(): void {
    this.#binding.closing(this.#channel)
  }

  async close(): Promise<Message[]> {
    return this.#home ? this.#closeHome() : this.#leave()
  }

  async #closeHome(): Promise<Message[]> {
    this.#singles.cross()
    this.#binding.purge(this.#channel)
    await this.#ended(PURGE_MS, () => this.#allInFlight() > 0 || this.#binding.busy(this.#channel))
    this.#abandonRest()
    this.#closed = true
    clearInterval(this.#timer)
    this.#lastCounts = this.#binding.counts(this.#channel)
    this.#lastLatencies = this.latencies(false)
    for (const message of this.#binding.unsentOfOthers(this.#channel)) {
      this.#unsent.push(messageOfPacked(message))
    }
    this.#binding.close(this.#channel)
    await this.#client?.disconnect()
    this.#binding.release(this.#channel)
    return this.#unsent
  }

  /** A worker leaves: what it had accepted goes on, and is the main thread's to account for. */
  async #leave(): Promise<Message[]> {
    this.#singles.cross()
    await this.#ended(0, () => false)
    this.#abandonRest()
    this.#closed = true
    clearInterval(this.#timer)
    this.#lastCounts = this.#laneCounts()
    this.#binding.release(this.#channel)
    return []
  }

  /** Calls that were cut short seal their tallies in the turns that follow: reads until nothing is left, bounded. */
  async #ended(milliseconds: number, more: () => boolean): Promise<void> {
    const deadline = performance.now() + milliseconds
    do {
      await turn()
      this.#read(Number.POSITIVE_INFINITY)
    } while ((this.#open > 0 || more()) && performance.now() < deadline)
  }

  /** Called when librdkafka says that the producer cannot go on, with its reason. */
  fatal(reason: string): void {
    if (!this.#closed) this.listener.fatal(fatalError(reason))
  }

  /** A message was refused for it, perhaps before the log tells of it. */
  #meetFatal(): void {
    this.fatal(this.#binding.fatalReason(this.#channel) || 'librdkafka reported a fatal error')
  }

  /**
   * The addon's wake-up: something has ended, or there is room. Read in a turn of its own: Node makes up to a thousand
   * such calls in one turn, and who hears of an ending sends again, so that timers would wait for seconds.
   */
  #awake(): void {
    this.#readSoon()
  }

  #read(limit?: number): void {
    if (this.#closed) return
    const room = this.#binding.look(this.#channel)
    this.#singles.read(limit)
    this.#readBatches()
    if (room) {
      this.#waiting = false
      this.listener.room()
    }
    if (this.#singles.unread) this.#readSoon()
    else if (this.#open === 0 && !this.#waiting) this.#hold(false)
  }

  /** Goes on in another turn of the event loop: others want theirs. */
  #readSoon(): void {
    if (this.#reading) return
    this.#reading = true
    setImmediate(() => {
      this.#reading = false
      this.#read()
    })
  }

  /** Should librdkafka not have reported all that it was told to drop, nobody is to wait for it for ever. */
  #abandonRest(): void {
    this.#singles.abandon(DESTROY)
    for (const tally of this.#tallies.values()) {
      this.#kept.push(tally.messages)
      tally.abandon()
      tally.resolve()
    }
    this.#tallies.clear()
  }

  #readBatches(): void {
    const finished = this.#binding.finished(this.#channel)
    if (finished === null) return
    for (const id of finished) {
      const tally = this.#tallies.get(id)
      if (tally === undefined) continue
      this.#tallies.delete(id)
      const unsent = tally.finish()
      this.#told.delivered += tally.delivered
      this.#told.failed += tally.failed
      this.#told.handedBack += tally.handedBack
      this.#told.possiblyPersisted += tally.possiblyPersisted
      if (this.#home) for (const message of unsent) this.#unsent.push(message)
      tally.resolve()
      if (tally.fatal) this.#meetFatal()
    }
  }

  #offerArray(messages: readonly Message[], from: number, to: number, tally: BatchTally): number {
    let index = from
    while (index < to) {
      const packer = this.#packer
      packer.reset()
      let end = index
      const refused: Failure[] = []
      for (; end < to && !packer.full; end++) {
        const error = this.#pack(messages[end] as Message, end)
        if (error !== undefined) refused.push({ index: end, error })
      }
      const { count } = packer
      const taken = this.#binding.offer(this.#channel, tally.id, packer.fields, count, packer.arena)
      if (taken < 0) throw producerClosed()
      if (taken > 0) this.#hold(true)
      index = taken < count ? (packer.fields[taken * FIELDS + FIELDS - 1] as number) : end
      // those behind the first that found no room are offered again, and refused then
      for (const failure of refused) if (failure.index < index) this.#refuse(tally, failure)
      if (taken < count) return index
    }
    return to
  }

  #pack(message: Message, index: number): MillraceError | undefined {
    try {
      const cost = MESSAGE_OVERHEAD + this.#packer.add(message, index)
      if (cost <= this.limits.bytes) return undefined
      this.#packer.drop()
      return tooLarge(cost, this.limits.bytes, message.topic)
    } catch (cause) {
      return asMillraceError(cause)
    }
  }

  #refuse(tally: BatchTally, { index, error }: Failure): void {
    this.#refusedHere++
    tally.refuse(index, error)
  }

  #offerFramed(framed: Framed, from: number, to: number, tally: BatchTally): number {
    const { topic, key, headers, timestamp, partition, bytes, ranges, keys } = framed
    const packer = this.#framedPacker
    packer.reset()
    try {
      packer.add({ topic, key, headers, timestamp, partition, value: null }, 0)
    } catch (cause) {
      const error = asMillraceError(cause)
      for (let index = from; index < to; index++) this.#refuse(tally, { index, error })
      return to
    }
    const borrow = tally.borrowing(() => borrowing(bytes, ranges.length / 2))
    for (let index = from; index < to; index++) {
      const next = this.#binding.framed(
        this.#channel,
        tally.id,
        index,
        to,
        packer.fields,
        bytes,
        ranges,
        keys?.bytes ?? null,
        keys?.ranges ?? null,
        packer.arena,
        borrow,
      )
      if (next === CLOSED) throw producerClosed()
      this.#hold(true)
      if (next >= 0) return next
      // one message that cannot be taken: the others go on behind it
      index = Math.floor((CLOSED - 1 - next) / 2)
      const misfit = (CLOSED - 1 - next) % 2 === 0
      this.#refuse(tally, { index, error: misfit ? misplaced(index) : this.#tooLarge(framed, index) })
    }
    return to
  }

  #tooLarge(framed: Framed, index: number): MillraceError {
    const size = (bytes: Uint8Array | null) => bytes?.byteLength ?? 0
    let message: Message
    try {
      message = messageOf(framed, index)
    } catch {
      // somebody has changed the ranges since
      return misplaced(index)
    }
    const { value, key } = message
    const cost = MESSAGE_OVERHEAD + size(value as Uint8Array | null) + size(encode('key', key))
    return tooLarge(cost, this.limits.bytes, framed.topic)
  }

  #topicNumber(name: string): number {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const number = this.#binding.topic(this.#channel, name)
    if (number >= 0) this.#topics.set(name, number)
    return number
  }

  /** Calls of this thread's that have not ended, by the unit that they report in. */
  get #open(): number {
    return this.#singles.open + this.#tallies.size
  }

  /** The main thread waits for all threads' messages, a worker for its own. */
  #inFlight(): number {
    this.#singles.cross()
    return this.#home ? this.#allInFlight() : this.#open
  }

  #allInFlight(): number {
    return this.#lastCounts === undefined ? (this.#binding.counts(this.#channel)[6] as number) : 0
  }

  #flush(milliseconds: number): Promise<void> {
    // libuv's pool may be busy with something else for long
    const timer = new Promise<void>(resolve => setTimeout(resolve, milliseconds).unref())
    const flushed = new Promise<void>(resolve => this.#binding.flush(this.#channel, milliseconds, resolve))
    return Promise.race([flushed, timer])
  }

  /** Messages in flight keep the process alive. */
  #hold(on: boolean): void {
    if (this.#held === on) return
    this.#held = on
    if (on) this.#timer.ref()
    else this.#timer.unref()
  }
}
