import { FATAL, kafkaError } from '../client/kafka-errors.ts'
import type { MillraceError } from '../errors.ts'
import type { Message } from '../types.ts'
import { MESSAGE_OVERHEAD } from './admission.ts'
import { STATE } from './batch-tally.ts'
import type { Binding, Endings } from './binding.ts'
import type { DeliveryErrors } from './delivery-errors.ts'
import type { Receiver } from './engine.ts'
import { asMillraceError, producerClosed, tooLarge } from './message.ts'
import { FIELDS, PARTITION, Packer } from './packer.ts'

/** Messages packed for one crossing. */
const PACK = 1000
/** Endings told in one turn of the event loop before others get theirs: about 1 ms' worth. */
const SLICE = 1000
const PERSISTED = 0x80

/** What the engine does with what its singles find. */
export interface SinglesHost {
  readonly limitBytes: number
  topicNumber(name: string): number
  /** Something is on its way. */
  sent(): void
  refused(): void
  /** librdkafka refused a message since the producer cannot go on. */
  fatal(): void
  handBack(message: Message): void
}

/**
 * Messages sent alone, each with a receiver of its own. They are packed as they come, by credits that the addon
 * leases for many at a time, and cross together at the end of the current turn of JavaScript's: one crossing for
 * all that a program sends at once, at once for one that sends a single message and waits.
 */
export class Singles {
  readonly #binding: Binding
  readonly #channel: number
  readonly #host: SinglesHost
  readonly #errors: DeliveryErrors
  readonly #packer: Packer
  readonly #codes = new Int16Array(PACK)
  readonly #dues = new Float64Array(PACK)
  readonly #packed = new Uint32Array(PACK)
  readonly #receivers: (Receiver | undefined)[] = []
  readonly #messages: (Message | undefined)[] = []
  /** Where each went: the message is the user's own, and may name another by now. */
  readonly #topics: string[] = []
  readonly #freeIds: number[] = []
  // not the length of an array: reading a message may run code that sends another
  #nextId = 0
  #leased = 0
  #leasedBytes = 0
  #scheduled = false
  #unread: { endings: Endings; next: number }[] = []
  /** Messages packed or in flight whose ending was not told yet. */
  open = 0
  /** How those ended that were told. */
  readonly told = { delivered: 0, failed: 0, handedBack: 0, possiblyPersisted: 0 }

  constructor(binding: Binding, channel: number, host: SinglesHost, errors: DeliveryErrors) {
    this.#binding = binding
    this.#channel = channel
    this.#host = host
    this.#errors = errors
    this.#packer = new Packer(PACK, name => host.topicNumber(name))
  }

  /** As Engine.offer; librdkafka's own refusal of a message may come after the call. */
  offer(message: Message, receiver: Receiver, due: number): boolean {
    if (this.#packer.full) this.cross()
    const id = this.#freeIds.pop() ?? this.#nextId++
    const packer = this.#packer
    let error: MillraceError
    try {
      const cost = MESSAGE_OVERHEAD + packer.add(message, id)
      if (cost <= this.#host.limitBytes) {
        if (this.#credit(cost)) {
          this.#dues[packer.count - 1] = due
          this.#pack(id, message, receiver)
          return true
        }
        packer.drop()
        this.#freeIds.push(id)
        return false
      }
      packer.drop()
      error = tooLarge(cost, this.#host.limitBytes, message.topic)
    } catch (cause) {
      error = asMillraceError(cause)
    }
    this.#freeIds.push(id)
    this.#host.refused()
    receiver.refused(error)
    return true
  }

  /** Hands over what was packed. To be called before anything else is offered, or counted. */
  cross(): void {
    const { count, fields: partitions } = this.#packer
    if (count === 0) return
    const open = this.#binding.singles(
      this.#channel,
      this.#packer.fields,
      count,
      this.#packer.arena,
      this.#codes,
      this.#dues,
    )
    this.#leased = 0
    this.#leasedBytes = 0
    this.#packer.reset()
    this.#host.sent()
    // collected first: a receiver may send
    const refused: [id: number, code: number, partition: number][] = []
    for (let i = 0; i < count; i++) {
      const code = this.#codes[i] as number
      if (!open || code !== 0)
        refused.push([this.#packed[i] as number, code, partitions[i * FIELDS + PARTITION] as number])
    }
    for (const [id, code, partition] of refused) this.#refuse(id, open ? code : null, partition)
  }

  /** Tells what has ended. Some of it is left where there is much; then `unread` is true. */
  read(limit = SLICE): void {
    const endings = this.#binding.endings(this.#channel)
    if (endings !== null) this.#unread.push({ endings, next: 0 })
    let left = limit
    while (left > 0) {
      const first = this.#unread[0]
      if (first === undefined) return
      const { endings } = first
      const to = Math.min(endings.ids.length, first.next + left)
      left -= to - first.next
      const from = first.next
      // before they are told: who hears may have this called again
      first.next = to
      if (to === endings.ids.length) this.#unread.shift()
      for (let i = from; i < to; i++) this.#tell(endings, i)
    }
  }

  get unread(): boolean {
    return this.#unread.length > 0
  }

  /** Ends what never ended; that may be in the log. */
  abandon(code: number): void {
    const cause = kafkaError(code)
    for (const [id, receiver] of this.#receivers.entries()) {
      if (receiver === undefined) continue
      const topic = this.#topics[id] ?? ''
      this.#forget(id)
      receiver.failed(this.#errors.failed(cause, topic, -1, true))
    }
  }

  #pack(id: number, message: Message, receiver: Receiver): void {
    this.#receivers[id] = receiver
    this.#messages[id] = message
    this.#topics[id] = this.#packer.lastTopic
    this.#packed[this.#packer.count - 1] = id
    this.open++
    if (this.#scheduled) return
    this.#scheduled = true
    queueMicrotask(() => {
      this.#scheduled = false
      this.cross()
    })
  }

  #credit(cost: number): boolean {
    if (this.#leased < 1 || this.#leasedBytes < cost) {
      const got = this.#binding.lease(this.#channel, cost)
      // closed: it crosses without, and is refused
      if (got < 0) return true
      if (got === 0) return false
      this.#leased += got
      this.#leasedBytes += got * cost
    }
    this.#leased--
    this.#leasedBytes -= cost
    return true
  }

  #tell({ ids, partitions, offsets, errors, states }: Endings, i: number): void {
    const id = ids[i] as number
    const receiver = this.#receivers[id]
    const message = this.#messages[id]
    // given up when the producer was closed
    if (receiver === undefined || message === undefined) return
    const topic = this.#topics[id] ?? ''
    this.#forget(id)
    const state = (states[i] as number) & ~PERSISTED
    const partition = partitions[i] as number
    if (state === STATE.delivered) {
      const offset = offsets[i] as number
      this.told.delivered++
      receiver.delivered(topic, partition, offset < 0 ? null : offset)
      return
    }
    const persisted = ((states[i] as number) & PERSISTED) !== 0
    if (persisted) this.told.possiblyPersisted++
    const cause = kafkaError(errors[i] as number)
    const error = this.#errors.failed(cause, topic, partition, persisted)
    if (state === STATE.unsent) {
      this.told.handedBack++
      this.#host.handBack(message)
      receiver.handedBack(error)
    } else {
      this.told.failed++
      receiver.failed(error)
    }
  }

  #refuse(id: number, code: number | null, partition: number): void {
    const receiver = this.#receivers[id] as Receiver
    const topic = this.#topics[id] ?? ''
    this.#forget(id)
    if (code === null) {
      this.#host.refused()
      receiver.refused(producerClosed())
      return
    }
    receiver.refused(this.#errors.refused(code, topic, partition))
    if (code === FATAL) this.#host.fatal()
  }

  #forget(id: number): void {
    this.#receivers[id] = undefined
    this.#messages[id] = undefined
    this.#freeIds.push(id)
    this.open--
  }
}
