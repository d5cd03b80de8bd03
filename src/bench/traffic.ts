import { setImmediate as turn } from 'node:timers/promises'
import { times } from 'async'
import { DeliveryError, describe, MillraceError } from '../errors.ts'
import { Histogram } from '../latency/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import { type Cell, outstandingOf } from './cell.ts'
import type { Lane } from './contender.ts'
import type { Offers } from './offers.ts'
import { Pacer, type Schedule } from './pacer.ts'
import { Room } from './room.ts'

/** Loops that never wait let the event loop have its turn after so many messages. */
const TURN_EVERY = 1000

/** How many messages are still to be offered, by all producers together. */
export class Budget {
  #left: number
  #shares = 0

  constructor(messages: number) {
    this.#left = messages
  }

  take(most: number): number {
    const taken = Math.min(most, this.#left)
    this.#left -= taken
    return taken
  }

  /** Whether some are still to be offered. */
  get open(): boolean {
    return this.#left > 0
  }

  /** An equal part for each of so many, who ask once each. */
  share(of: number): number {
    if (!Number.isFinite(this.#left)) return this.#left
    return this.take(Math.ceil(this.#left / (of - this.#shares++)))
  }
}

/** A producer, or a thread's way into one, or a transaction. */
export type Way = Pick<Producer, 'send' | 'sendBatch'>

/** One thread's parallel produce loops of one producer, and what became of their messages as its calls told. */
export class Traffic implements Lane {
  offered = 0
  delivered = 0
  failed = 0
  possiblyPersisted = 0
  firstFailure: string | undefined
  readonly #producer: Way
  readonly #offers: Offers
  readonly #cell: Cell
  readonly #unit: number
  readonly #room: Room
  readonly #allowFailures: boolean
  readonly #onHalt: () => void
  #stopping = false
  #pacer: Pacer | undefined
  #loops: Promise<unknown> = Promise.resolve()

  /** `onHalt`: a failure stopped the loops. */
  constructor(producer: Way, offers: Offers, cell: Cell, allowFailures: boolean, onHalt: () => void) {
    this.#producer = producer
    this.#offers = offers
    this.#cell = cell
    this.#unit = cell.batch ?? 1
    const outstanding = outstandingOf(cell)
    this.#room = new Room(outstanding, cell.api === 'send' ? outstanding >> 2 : this.#unit)
    this.#allowFailures = allowFailures
    this.#onHalt = onHalt
  }

  get lateness(): Histogram {
    return this.#pacer?.lateness ?? new Histogram()
  }

  /** Messages whose calls have told their ends. */
  get ended(): number {
    return this.offered - this.#room.taken
  }

  /** Runs the loops until `stop`, until the budget is spent, or until all that a schedule has is offered. */
  start(work: Budget | Schedule | Pacer): void {
    this.#stopping = false
    const loop =
      work instanceof Budget
        ? () => this.#loop(work)
        : this.#paced(work instanceof Pacer ? work : new Pacer(work))
    this.#loops = times(this.#cell.loops, async () => loop())
  }

  /** Resolves when the loops have ended by themselves and every message has, too. */
  async spent(): Promise<void> {
    await this.#loops
    await this.#room.empty()
  }

  /** As `stop`, but what a schedule has given out by now is offered yet. */
  async finish(): Promise<void> {
    if (this.#pacer === undefined) return this.stop()
    this.#pacer.stop()
    await this.#loops
  }

  /** Ends the loops; what they offered is still on its way. */
  async stop(): Promise<void> {
    this.#stopping = true
    this.#pacer?.stop()
    this.#room.wake()
    await this.#loops
  }

  async #loop(budget: Budget): Promise<void> {
    let sinceTurn = 0
    while (!this.#stopping) {
      if (!this.#room.take(this.#unit)) {
        await this.#room.wait(this.#unit)
        continue
      }
      const count = budget.take(this.#unit)
      if (count < this.#unit) this.#room.give(this.#unit - count)
      if (count === 0) return
      this.#offer(count)
      sinceTurn += count
      if (sinceTurn >= TURN_EVERY && this.#cell.api === 'send') {
        sinceTurn = 0
        await turn()
      }
    }
  }

  #paced(pacer: Pacer): () => Promise<void> {
    this.#pacer = pacer
    return async () => {
      let sinceTurn = 0
      while (!this.#stopping) {
        const slot = await pacer.next(this.#unit)
        if (slot === null) return
        const { count, dueAt } = slot
        if (!this.#room.take(count)) {
          pacer.held()
          if (!(await this.#enter(count))) return
        }
        pacer.called(slot)
        this.#offer(count, dueAt)
        sinceTurn += count
        // what is late comes without a pause, and acknowledgements want their turn
        if (sinceTurn >= TURN_EVERY) {
          sinceTurn = 0
          await turn()
        }
      }
    }
  }

  /** Waits for room and takes it; false when it is to stop. */
  async #enter(count: number): Promise<boolean> {
    while (!this.#stopping) {
      await this.#room.wait(count)
      if (!this.#stopping && this.#room.take(count)) return true
    }
    return false
  }

  #offer(count: number, dueAt?: number): void {
    this.offered += count
    if (this.#cell.api === 'send') {
      this.#producer.send(this.#offers.message(), { dueAt }).then(this.#sent, this.#notSent)
      return
    }
    const messages = this.#cell.api === 'batch' ? this.#offers.batch(count) : this.#offers.framed(count)
    this.#producer.sendBatch(messages, { dueAt }).then(this.#ended, error => this.#cut(error, count))
  }

  // one function for all messages, not one a message
  readonly #sent = (): void => {
    this.delivered++
    this.#room.give(1)
  }

  readonly #notSent = (error: unknown): void => {
    const persisted = error instanceof DeliveryError && error.possiblyPersisted ? 1 : 0
    this.#note(error, 1, persisted)
    this.#giveLater(1)
  }

  readonly #ended = ({ messages, delivered, refused, failed, possiblyPersisted, failures }: BatchResult) => {
    this.delivered += delivered
    if (delivered === messages) {
      this.#room.give(messages)
      return
    }
    this.#note(failures[0]?.error, refused + failed, possiblyPersisted)
    this.#giveLater(messages)
  }

  /** A batch that could not be offered to its end: what was not offered has failed, too. */
  #cut(error: unknown, count: number): void {
    const context = error instanceof MillraceError ? error.context : {}
    const result = context.result as BatchResult | undefined
    const delivered = result?.delivered ?? 0
    this.delivered += delivered
    this.#note(error, count - delivered, result?.possiblyPersisted ?? 0)
    this.#giveLater(count)
  }

  #note(error: unknown, failed: number, possiblyPersisted: number): void {
    this.failed += failed
    this.possiblyPersisted += possiblyPersisted
    this.firstFailure ??= describe(error)
    const ended =
      error instanceof MillraceError && (error.code === 'PRODUCER_FATAL' || error.code === 'PRODUCER_CLOSED')
    if (this.#allowFailures && !ended) return
    this.#stopping = true
    this.#room.wake()
    this.#onHalt()
  }

  // a message may fail at once: given back at once, its loop would never let the event loop go on
  #giveLater(count: number): void {
    setImmediate(() => this.#room.give(count))
  }
}
