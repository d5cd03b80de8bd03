import { FATAL, kafkaError } from '../client/kafka-errors.ts'
import { deferred } from '../deferred.ts'
import type { MillraceError } from '../errors.ts'
import type { Delivery, Detail, Framed, Message } from '../types.ts'
import type { Binding } from './binding.ts'
import type { Borrowing } from './borrow.ts'
import type { DeliveryErrors } from './delivery-errors.ts'
import { DeliveryRuns, type VisitRun, visitRuns } from './delivery-runs.ts'
import type { Failure, Tally } from './engine.ts'
import { headerList, messageOf, topicOf } from './message.ts'

/** The addon's State of a message. */
export const STATE = { pending: 0, delivered: 1, failed: 2, unsent: 3, refused: 4 } as const

const ROW = 5
/** Columns of batchCounts. */
const OFFERED = 0
const REFUSED = 1
const DELIVERED = 2
const FAILED = 3
const HANDED_BACK = 4
const POSSIBLY_PERSISTED = 5

/** A batch's account while the addon keeps it; read out of the addon once, when all of it has ended. */
export class BatchTally implements Tally {
  /** The addon's number of it; 0 until something is offered. */
  id = 0
  readonly length: number
  /** Of the messages that JavaScript itself refused. */
  #refusedHere = 0
  #counts: Float64Array | undefined
  readonly #failures: Failure[] = []
  /** Where the messages went: by runs where these are few, in columns otherwise. */
  #runs: DeliveryRuns | undefined
  #partitions: Int32Array | undefined
  #offsets: Float64Array | undefined
  readonly #detail: Detail
  readonly #due: number
  readonly #binding: Binding
  readonly #channel: number
  readonly #errors: DeliveryErrors
  readonly #end = deferred<void>()
  #borrowing: Borrowing | undefined
  /** @internal librdkafka refused a message since the producer cannot go on. */
  fatal = false
  /** What is offered, for the topics of its failures; and to be handed back where it was never sent. */
  messages: readonly Message[] | Framed = []

  constructor(
    binding: Binding,
    channel: number,
    { length, detail, due }: { length: number; detail: Detail; due: number },
    errors: DeliveryErrors,
  ) {
    this.#binding = binding
    this.#channel = channel
    this.#detail = detail
    this.#errors = errors
    this.length = length
    this.#due = due
  }

  /**
   * @internal Before the first offer. Without a slot for each message the addon gives back what the batch's messages
   * cost beside their bytes: that has to be the same for all of them, as it is in a frame.
   */
  open(messages: readonly Message[] | Framed): void {
    // a frame is read once: what is borrowed of its memory has to be what was looked at, and has to stay reachable
    this.messages = Array.isArray(messages)
      ? messages
      : { ...(messages as Framed), ...settledHeaders(messages as Framed) }
    const slots = this.#detail !== 'counts' || Array.isArray(messages)
    this.id = this.#binding.batch(this.#channel, this.length, slots, this.#due)
  }

  /** @internal Whether its values stay where they are; asked once, since the memory is marked then. */
  borrowing(ask: () => Borrowing): Borrowing {
    this.#borrowing ??= ask()
    return this.#borrowing
  }

  get offered(): number {
    return this.#read(OFFERED) + this.#refusedHere
  }

  get refused(): number {
    return this.#read(REFUSED) + this.#refusedHere
  }

  get accepted(): number {
    return this.offered - this.refused
  }

  get delivered(): number {
    return this.#read(DELIVERED)
  }

  get failed(): number {
    return this.#read(FAILED)
  }

  get handedBack(): number {
    return this.#read(HANDED_BACK)
  }

  get possiblyPersisted(): number {
    return this.#read(POSSIBLY_PERSISTED)
  }

  get failures(): readonly Failure[] {
    return this.#failures
  }

  get ended(): Promise<void> {
    return this.#end.promise
  }

  seal(): void {
    if (this.id === 0) this.#end.resolve()
    else this.#binding.seal(this.#channel, this.id)
  }

  delivery(index: number): Delivery | null {
    const found = this.#runs?.at(index)
    if (found) return { topic: this.#topicOf(index), ...found }
    const partition = this.#partitions?.[index] ?? -1
    if (partition < 0) return null
    const offset = this.#offsets?.[index] ?? -1
    return { topic: this.#topicOf(index), partition, offset: offset < 0 ? null : offset }
  }

  visitRuns(visit: VisitRun): void {
    if (this.#runs !== undefined) {
      this.#runs.visit(this.#topicOf(0), visit)
      return
    }
    if (this.#partitions === undefined || this.#offsets === undefined) return
    const columns = {
      partitions: this.#partitions,
      offsets: this.#offsets,
      topicOf: (index: number) => this.#topicOf(index),
      oneTopic: !Array.isArray(this.messages),
    }
    visitRuns(columns, visit)
  }

  /** @internal JavaScript found that a message cannot be sent */
  refuse(index: number, error: MillraceError): void {
    this.#refusedHere++
    if (this.#detail !== 'counts') this.#failures.push({ index, error })
  }

  /**
   * @internal All of it has ended: takes the account over from the addon, and its memory is free.
   * @returns the messages that were never sent
   */
  finish(): Message[] {
    const unsent: Message[] = []
    this.#counts = this.#binding.batchCounts(this.#channel, this.id)
    const isFrame = !Array.isArray(this.messages)
    const rows = isFrame && this.#detail === 'all' ? this.#binding.deliveryRuns(this.#channel, this.id) : null
    if (rows !== null) this.#runs = new DeliveryRuns(rows)
    else if (this.#detail === 'all') {
      this.#partitions = new Int32Array(this.length)
      this.#offsets = new Float64Array(this.length)
      this.#binding.deliveries(this.#channel, this.id, this.#partitions, this.#offsets)
    }
    // null where messages have no slots: what was not sent of such a frame counts as failed
    const failures = this.#binding.failures(this.#channel, this.id)
    if (failures !== null) this.#readFailures(failures, unsent)
    this.#binding.free(this.#channel, this.id)
    return unsent
  }

  /** @internal Some of it never ended: that may be in the log. The addon keeps its memory for what may still come. */
  abandon(): void {
    const counts = this.#binding.batchCounts(this.#channel, this.id)
    const [offered = 0, refused = 0, delivered = 0, , handedBack = 0] = counts
    const unknown = offered - refused - delivered - handedBack
    counts[FAILED] = unknown
    counts[POSSIBLY_PERSISTED] = unknown
    this.#counts = counts
  }

  /** @internal */
  resolve(): void {
    this.#end.resolve()
  }

  #readFailures(rows: Int32Array, unsent: Message[]): void {
    for (let at = 0; at < rows.length; at += ROW) {
      const index = rows[at] as number
      const state = rows[at + 1] as number
      const code = rows[at + 2] as number
      const partition = rows[at + 3] as number
      const topic = this.#topicOf(index)
      if (state === STATE.refused && code === FATAL) this.fatal = true
      const error =
        state === STATE.refused
          ? this.#errors.refused(code, topic, partition)
          : this.#errors.failed(kafkaError(code), topic, partition, rows[at + 4] === 1)
      if (this.#detail !== 'counts') this.#failures.push({ index, error })
      if (state === STATE.unsent) unsent.push(this.#messageAt(index))
    }
    this.#failures.sort((a, b) => a.index - b.index)
  }

  #messageAt(index: number): Message {
    const { messages } = this
    return Array.isArray(messages) ? (messages[index] as Message) : messageOf(messages as Framed, index)
  }

  #topicOf(index: number): string {
    const { messages } = this
    return Array.isArray(messages) ? topicOf(messages[index]) : (messages as Framed).topic
  }

  #read(column: number): number {
    if (this.id === 0) return 0
    return (this.#counts ?? this.#binding.batchCounts(this.#channel, this.id))[column] as number
  }
}

/** A list of its own: the frame's may grow meanwhile, and each message gives back what headers cost at the first. */
function settledHeaders({ headers }: Framed): Pick<Framed, 'headers'> {
  if (headers === null || headers === undefined) return {}
  try {
    return { headers: headerList(headers).map(([name, value]) => [name, value] as const) }
  } catch {
    // each message is refused for it
    return {}
  }
}
