import { setImmediate as turn } from 'node:timers/promises'
import { DESTROY, FATAL, kafkaError } from '../client/kafka-errors.ts'
import type { ProducerClient } from '../client/producer-client.ts'
import { MillraceError } from '../errors.ts'
import type { Detail, Framed, Message } from '../types.ts'
import { MESSAGE_OVERHEAD } from './admission.ts'
import { BatchTally, STATE } from './batch-tally.ts'
import type { Binding } from './binding.ts'
import { DeliveryErrors, fatalError } from './delivery-errors.ts'
import type { Engine, EngineCounts, EngineListener, Failure, Limits, Receiver, Tally } from './engine.ts'
import { asMillraceError, tooLarge } from './message.ts'
import { FIELDS, Packer } from './packer.ts'

/** Errors, statistics and OAuth tokens want to be served; deliveries do not come this way. */
const POLL_MS = 100
const FLUSH_SLICE_MS = 100
/** How long a purge may take to report everything; librdkafka does it within milliseconds. */
const PURGE_MS = 10_000
/** Messages packed for one crossing. */
const PACK = 1000

const FULL = 1
const CLOSED = 2
const REFUSED = 10_000

/**
 * The addon's engine: one crossing into native code for many messages, deliveries recorded by librdkafka's own
 * threads, JavaScript woken once for many of them.
 */
export class BatchEngine implements Engine {
  readonly name = 'batch'
  readonly limits: Limits
  listener: EngineListener = { room() {}, fatal() {} }
  readonly #binding: Binding
  readonly #token: number
  #client: ProducerClient | undefined
  readonly #errors = new DeliveryErrors()
  readonly #packer: Packer
  readonly #framedPacker: Packer
  readonly #topics = new Map<string, number>()
  /** Receivers of single messages by id, and what they were sent with. */
  readonly #receivers: (Receiver | undefined)[] = []
  readonly #messages: (Message | undefined)[] = []
  readonly #freeIds: number[] = []
  /** Messages sent alone whose ending was not read yet. */
  #singles = 0
  readonly #tallies = new Map<number, BatchTally>()
  readonly #unsent: Message[] = []
  #refusedHere = 0
  #held = false
  #lastCounts: Float64Array | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  constructor(binding: Binding, limits: Limits) {
    this.#binding = binding
    this.limits = limits
    this.#token = binding.open(
      Math.min(limits.messages, Number.MAX_SAFE_INTEGER),
      Math.min(limits.bytes, Number.MAX_SAFE_INTEGER),
      () => this.#awake(),
    )
    const topicNumber = (name: string) => this.#topicNumber(name)
    this.#packer = new Packer(PACK, topicNumber)
    this.#framedPacker = new Packer(1, topicNumber)
  }

  /** What node-rdkafka's client is to be made with, before all other properties. */
  properties(path: string): Record<string, string> {
    return { 'plugin.library.paths': path, 'millrace.token': String(this.#token) }
  }

  /** The client could not be connected: nothing will come through the addon. */
  abandon(): void {
    this.#closed = true
    this.#binding.release(this.#token)
  }

  attach(client: ProducerClient): void {
    this.#client = client
    this.#timer = setInterval(() => client.poll(), POLL_MS)
    this.#timer.unref()
  }

  get counts(): EngineCounts {
    const counts = this.#lastCounts ?? this.#binding.counts(this.#token)
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

  offer(message: Message, receiver: Receiver): boolean {
    const id = this.#freeIds.pop() ?? this.#receivers.length
    const packer = this.#packer
    packer.reset()
    let error: MillraceError
    try {
      const cost = MESSAGE_OVERHEAD + packer.add(message, id)
      if (cost <= this.limits.bytes) return this.#single(message, receiver, id)
      error = tooLarge(cost, this.limits.bytes, message.topic)
    } catch (cause) {
      error = asMillraceError(cause)
    }
    this.#freeIds.push(id)
    this.#refusedHere++
    receiver.refused(error)
    return true
  }

  tally(length: number, detail: Detail): Tally {
    return new BatchTally(this.#binding, this.#token, length, detail, this.#errors)
  }

  offerMany(messages: readonly Message[] | Framed, from: number, to: number, tally: Tally): number {
    const own = tally as BatchTally
    if (own.id === 0) {
      own.open(messages)
      this.#tallies.set(own.id, own)
    }
    return Array.isArray(messages)
      ? this.#offerArray(messages as readonly Message[], from, to, own)
      : this.#offerFramed(messages as Framed, from, to, own)
  }

  async drain(timeoutMs: number, signal?: AbortSignal): Promise<boolean> {
    const deadline = performance.now() + timeoutMs
    while (this.#inFlight() > 0 && !this.#closed) {
      const left = deadline - performance.now()
      if (left <= 0 || signal?.aborted) break
      await this.#client?.flush(Math.min(Math.ceil(left), FLUSH_SLICE_MS))
      await turn()
    }
    this.#awake()
    return this.#inFlight() === 0
  }

  async close(): Promise<Message[]> {
    this.#binding.purge(this.#token)
    const deadline = performance.now() + PURGE_MS
    // calls that were cut short seal their tallies in the turns that follow; and librdkafka's threads give credits
    // back a moment before they hand over the ending, so that nothing in flight does not mean that all was read
    do {
      await turn()
      this.#awake()
    } while ((this.#singles > 0 || this.#tallies.size > 0) && performance.now() < deadline)
    this.#abandonRest()
    this.#closed = true
    clearInterval(this.#timer)
    this.#lastCounts = this.#binding.counts(this.#token)
    this.#binding.close(this.#token)
    await this.#client?.disconnect()
    this.#binding.release(this.#token)
    return this.#unsent
  }

  /** Called when librdkafka says that the producer cannot go on, with its reason. */
  fatal(reason: string): void {
    if (!this.#closed) this.listener.fatal(fatalError(reason))
  }

  /** The addon's wake-up: something has ended, or there is room. Also called where all must be read at once. */
  #awake(): void {
    if (this.#closed) return
    const room = this.#binding.awake(this.#token)
    this.#readSingles()
    this.#readBatches()
    if (room) this.listener.room()
    if (this.#inFlight() === 0) {
      this.#hold(false)
    }
  }

  /** Should librdkafka not have reported all that it was told to drop, nobody is to wait for it for ever. */
  #abandonRest(): void {
    const cause = kafkaError(DESTROY)
    for (const [id, receiver] of this.#receivers.entries()) {
      if (receiver === undefined) continue
      this.#receivers[id] = undefined
      receiver.failed(this.#errors.failed(cause, this.#messages[id]?.topic ?? '', -1, true))
    }
    for (const tally of this.#tallies.values()) {
      tally.abandon()
      tally.resolve()
    }
    this.#tallies.clear()
  }

  #readSingles(): void {
    const endings = this.#binding.endings(this.#token)
    if (endings === null) return
    const { ids, partitions, offsets, errors, states } = endings
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number
      const receiver = this.#receivers[id] as Receiver
      const message = this.#messages[id] as Message
      this.#receivers[id] = undefined
      this.#messages[id] = undefined
      this.#singles--
      this.#freeIds.push(id)
      const state = (states[i] as number) & 0x7f
      const partition = partitions[i] as number
      if (state === STATE.delivered) {
        const offset = offsets[i] as number
        receiver.delivered(message.topic, partition, offset < 0 ? null : offset)
      } else {
        const persisted = ((states[i] as number) & 0x80) !== 0
        const cause = kafkaError(errors[i] as number)
        const error = this.#errors.failed(cause, message.topic, partition, persisted)
        if (state === STATE.unsent) {
          this.#unsent.push(message)
          receiver.handedBack(error)
        } else receiver.failed(error)
      }
    }
  }

  #readBatches(): void {
    const finished = this.#binding.finished(this.#token)
    if (finished === null) return
    for (const id of finished) {
      const tally = this.#tallies.get(id)
      if (tally === undefined) continue
      this.#tallies.delete(id)
      for (const message of tally.finish()) this.#unsent.push(message)
      tally.resolve()
    }
  }

  #single(message: Message, receiver: Receiver, id: number): boolean {
    const { fields, arena } = this.#packer
    const result = this.#binding.single(this.#token, fields, arena)
    if (result === 0) {
      this.#receivers[id] = receiver
      this.#messages[id] = message
      this.#singles++
      this.#hold(true)
      return true
    }
    this.#freeIds.push(id)
    if (result === FULL) return false
    if (result === CLOSED) throw closed()
    receiver.refused(this.#refusal(result - REFUSED, message.topic, message.partition))
    return true
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
      const taken = this.#binding.offer(this.#token, tally.id, packer.fields, count, packer.arena)
      if (taken < 0) throw closed()
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
    const next = this.#binding.framed(
      this.#token,
      tally.id,
      from,
      to,
      packer.fields,
      bytes,
      ranges,
      keys?.bytes ?? null,
      keys?.ranges ?? null,
      packer.arena,
    )
    if (next === -1) throw closed()
    this.#hold(true)
    if (next >= 0) return next
    // checked when the call was made: the memory was changed or taken away since then
    const index = -2 - next
    const error = new MillraceError(
      'INVALID_MESSAGE',
      `The range of message ${index} does not fit its bytes any more`,
      {
        hint: 'Leave buffers that were given alone until the call settles',
      },
    )
    this.#refuse(tally, { index, error })
    return index + 1
  }

  #refusal(code: number, topic: string, partition: number | null | undefined): MillraceError {
    if (code === FATAL) this.fatal('librdkafka reported a fatal error')
    return this.#errors.refused(code, topic, partition ?? -1)
  }

  #topicNumber(name: string): number {
    const known = this.#topics.get(name)
    if (known !== undefined) return known
    const number = this.#binding.topic(this.#token, name)
    if (number >= 0) this.#topics.set(name, number)
    return number
  }

  #inFlight(): number {
    return this.#lastCounts === undefined ? (this.#binding.counts(this.#token)[6] as number) : 0
  }

  /** Messages in flight keep the process alive. */
  #hold(on: boolean): void {
    if (this.#held === on) return
    this.#held = on
    if (on) this.#timer?.ref()
    else this.#timer?.unref()
  }
}

function closed(): MillraceError {
  return new MillraceError('PRODUCER_CLOSED', 'The producer is closed')
}
