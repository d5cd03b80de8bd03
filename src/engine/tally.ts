import { deferred } from '../deferred.ts'
import type { DeliveryError, MillraceError } from '../errors.ts'
import type { Delivery, Detail } from '../types.ts'
import { type VisitRun, visitRuns } from './delivery-runs.ts'
import type { Failure, Tally } from './engine.ts'

const UNKNOWN_OFFSET = -1
const NOT_DELIVERED = -1

/** The callback engine's account of a batch: plain counters, and typed arrays where all is asked for. */
export class CallbackTally implements Tally {
  offered = 0
  accepted = 0
  refused = 0
  delivered = 0
  failed = 0
  possiblyPersisted = 0
  readonly handedBack = 0
  readonly failures: Failure[] = []
  /** @internal */
  readonly due: number
  readonly #detail: Detail
  readonly #topics: string[] = []
  readonly #partitions: Int32Array | undefined
  readonly #offsets: Float64Array | undefined
  #topicOf: Int32Array | undefined
  #sealed = false
  readonly #end = deferred<void>()

  constructor(length: number, detail: Detail, due: number) {
    this.#detail = detail
    this.due = due
    if (detail === 'all') {
      this.#partitions = new Int32Array(length).fill(NOT_DELIVERED)
      this.#offsets = new Float64Array(length)
    }
  }

  get ended(): Promise<void> {
    return this.#end.promise
  }

  seal(): void {
    this.#sealed = true
    this.#settle()
  }

  delivery(index: number): Delivery | null {
    const partition = this.#partitions?.[index] ?? NOT_DELIVERED
    if (partition === NOT_DELIVERED) return null
    const offset = this.#offsets?.[index] ?? UNKNOWN_OFFSET
    const topic = this.#topics[this.#topicOf?.[index] ?? 0] ?? ''
    return { topic, partition, offset: offset === UNKNOWN_OFFSET ? null : offset }
  }

  visitRuns(visit: VisitRun): void {
    if (this.#partitions === undefined || this.#offsets === undefined) return
    const columns = {
      partitions: this.#partitions,
      offsets: this.#offsets,
      topicOf: (index: number) => this.#topics[this.#topicOf?.[index] ?? 0] ?? '',
      oneTopic: this.#topicOf === undefined,
    }
    visitRuns(columns, visit)
  }

  /** @internal a message was handed to librdkafka */
  accept(): void {
    this.offered++
    this.accepted++
  }

  /** @internal a message cannot be sent */
  refuse(index: number, error: MillraceError): void {
    this.offered++
    this.refused++
    if (this.#detail !== 'counts') this.failures.push({ index, error })
  }

  /** @internal */
  deliver(index: number, topic: string, partition: number, offset: number | null): void {
    this.delivered++
    if (this.#partitions !== undefined && this.#offsets !== undefined) {
      this.#partitions[index] = partition
      this.#offsets[index] = offset ?? UNKNOWN_OFFSET
      this.#noteTopic(index, topic)
    }
    this.#settle()
  }

  /** @internal */
  fail(index: number, error: DeliveryError): void {
    this.failed++
    if (error.possiblyPersisted) this.possiblyPersisted++
    if (this.#detail !== 'counts') this.failures.push({ index, error })
    this.#settle()
  }

  // most batches have one topic: an index a message is kept only from the second one on
  #noteTopic(index: number, topic: string): void {
    if (this.#topics[0] === topic && this.#topicOf === undefined) return
    let number = this.#topics.indexOf(topic)
    if (number === -1) number = this.#topics.push(topic) - 1
    if (number > 0 || this.#topicOf !== undefined) {
      this.#topicOf ??= new Int32Array(this.#partitions?.length ?? 0)
      this.#topicOf[index] = number
    }
  }

  #settle(): void {
    if (!this.#sealed || this.delivered + this.failed !== this.accepted) return
    this.failures.sort((a, b) => a.index - b.index)
    this.#end.resolve()
  }
}
