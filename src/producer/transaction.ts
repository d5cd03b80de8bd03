import { TransactionRefusal } from '../client/producer-client.ts'
import type { Engine } from '../engine/engine.ts'
import { MillraceError } from '../errors.ts'
import type { Delivery, Framed, Message } from '../types.ts'
import type { Ledger } from './ledger.ts'
import { type Item, type ProduceFromOptions, type Source, withResult } from './produce-from.ts'
import type { BatchResult, ProduceResult } from './results.ts'
import type { BatchOptions, Sender, SendOptions } from './sender.ts'
import {
  abortedTransaction,
  endedTransaction,
  fencedProducer,
  lostTransaction,
  timedOutTransaction,
  unconfirmedAbort,
} from './transaction-errors.ts'

/** One request of a commit or abort; librdkafka goes on with it at the next. */
const SLICE_MS = 500
/**
 * How long an abort waits for the broker's first answer to the transaction. Kafka from 4.1 on takes an abort before
 * it has registered a partition for a fatal error, and the producer would be lost.
 */
const FIRST_ACK_MS = 10_000

/** What a transaction needs of its producer's client. */
export interface TransactionClient {
  beginTransaction(): Promise<void>
  commitTransaction(timeoutMs: number): Promise<void>
  abortTransaction(timeoutMs: number): Promise<void>
}

export interface TransactionOptions {
  /** How long the commit, or the abort, may take once the function is done, in ms; default 60,000. */
  readonly timeoutMs?: number | undefined
}

/** What was committed. */
export interface TransactionResult<T> {
  /** What the function returned. */
  readonly value: T
  /** Messages that are delivered by this commit. */
  readonly delivered: number
}

/** The ways to send within a transaction. As the producer's own, but what they tell is acknowledged, not delivered. */
export interface Transaction {
  /** Resolves with the acknowledgement: where the message stands, once the transaction is committed. */
  send(message: Message, options?: SendOptions): Promise<Delivery>
  /** `acknowledged` stands for `delivered`, which is 0. */
  sendBatch(messages: readonly Message[] | Framed, options?: BatchOptions): Promise<BatchResult>
  produceFrom<T = Item>(source: Source<T>, options?: ProduceFromOptions<T>): Promise<ProduceResult>
}

export interface TransactionHost {
  readonly client: TransactionClient
  readonly engine: Engine
  readonly sender: Sender
  readonly ledger: Ledger
  /** transaction.timeout.ms: how long the broker leaves a transaction open. */
  readonly lifetimeMs: number
  /** Throws when the producer takes no more messages. */
  check(): void
  /** The producer cannot go on. */
  lost(error: MillraceError): void
}

/** One transaction from its begin to its end. */
export class RunningTransaction implements Transaction {
  readonly #host: TransactionHost
  readonly #startedAt = performance.now()
  #ended: MillraceError | undefined
  #committing = false
  #cancel!: (error: MillraceError) => void
  readonly #cancelled: Promise<never>

  private constructor(host: TransactionHost) {
    this.#host = host
    this.#cancelled = new Promise((_, reject) => {
      this.#cancel = reject
    })
    this.#cancelled.catch(() => {})
  }

  /** @throws MillraceError as `Producer.transaction` */
  static async begin(host: TransactionHost): Promise<RunningTransaction> {
    try {
      await host.client.beginTransaction()
    } catch (error) {
      throw lose(host, error, 0)
    }
    host.ledger.begin(host.engine.counts)
    return new RunningTransaction(host)
  }

  async run<T>(
    work: (transaction: Transaction) => Promise<T> | T,
    timeoutMs: number,
  ): Promise<TransactionResult<T>> {
    let value: T
    try {
      value = await Promise.race([(async () => work(this))(), this.#cancelled])
    } catch (error) {
      const lost = await this.#abort(timeoutMs, error)
      // why the producer is lost tells more than what the function saw of it
      throw lost === undefined
        ? error
        : new MillraceError(lost.code, lost.message, { cause: error, context: lost.context })
    }
    this.#ended ??= endedTransaction()
    return { value, delivered: await this.#commit(timeoutMs) }
  }

  /** Ends the transaction from outside: it is aborted, and its promise rejects with `error`. */
  cancel(error: MillraceError): void {
    this.#ended ??= error
    this.#cancel(error)
  }

  /** The producer was closed before the transaction came to its end: without a commit on its way it never will be one. */
  settle(): void {
    const { engine, ledger } = this.#host
    if (this.#committing) ledger.lose(engine.counts)
    else ledger.abort(engine.counts)
  }

  async send(message: Message, options: SendOptions = {}): Promise<Delivery> {
    this.#check()
    return this.#host.sender.send(message, options)
  }

  async sendBatch(messages: readonly Message[] | Framed, options: BatchOptions = {}): Promise<BatchResult> {
    return told(this.#host.sender.sendBatch(messages, options, () => this.#check()))
  }

  async produceFrom<T = Item>(
    source: Source<T>,
    options: ProduceFromOptions<T> = {},
  ): Promise<ProduceResult> {
    const { onBatch } = options
    const hear: typeof onBatch =
      onBatch === undefined ? undefined : (result, messages) => onBatch(acknowledged(result), messages)
    return told(this.#host.sender.produceFrom(source, { ...options, onBatch: hear }, () => this.#check()))
  }

  #check(): void {
    if (this.#ended !== undefined) throw this.#ended
    this.#host.check()
  }

  /** @returns how many messages it delivered */
  async #commit(timeoutMs: number): Promise<number> {
    const { sender, client, engine, ledger } = this.#host
    const deadline = performance.now() + timeoutMs
    if (!(await sender.drain(Math.max(1, timeoutMs)))) {
      // no commit was asked for yet: it never will be
      const late = new MillraceError('FLUSH_TIMEOUT', `Its messages did not end within ${timeoutMs} ms`)
      throw (await this.#abort(timeoutMs, late)) ?? abortedTransaction(late)
    }
    this.#committing = true
    const error = await this.#until(deadline, slice => client.commitTransaction(Math.min(slice, SLICE_MS)))
    if (error === undefined) {
      const delivered = ledger.acknowledged(engine.counts)
      ledger.commit()
      return delivered
    }
    if (error instanceof TransactionRefusal && error.abortable) {
      throw (await this.#abort(timeoutMs, error)) ?? abortedTransaction(error)
    }
    ledger.lose(engine.counts)
    engine.discardHandedBack()
    if (error instanceof TransactionRefusal && error.fatal) throw lose(this.#host, error, this.#age)
    const lost = lostTransaction(timeoutMs, error)
    this.#host.lost(lost)
    throw lost
  }

  /** @returns why the producer cannot go on, where it cannot */
  async #abort(timeoutMs: number, cause: unknown): Promise<MillraceError | undefined> {
    const { sender, client, engine, ledger } = this.#host
    const over = abortedTransaction(cause)
    this.#ended ??= over
    this.#committing = false
    sender.withdraw(this.#ended)
    await this.#firstAnswer(Math.min(timeoutMs, FIRST_ACK_MS))
    const deadline = performance.now() + timeoutMs
    const error = await this.#until(deadline, slice => client.abortTransaction(Math.min(slice, SLICE_MS)))
    // what the abort purged is reported a moment later
    await sender.drain(Math.max(SLICE_MS, deadline - performance.now()))
    ledger.abort(engine.counts)
    engine.discardHandedBack()
    if (error === undefined) return undefined
    // the coordinator aborts it when its time is up: nothing of it becomes visible
    if (error instanceof TransactionRefusal && error.fatal) return lose(this.#host, error, this.#age)
    const lost = unconfirmedAbort(timeoutMs, error)
    this.#host.lost(lost)
    return lost
  }

  /** Until something of the transaction has ended, or nothing is on its way. */
  async #firstAnswer(timeoutMs: number): Promise<void> {
    const { engine, ledger } = this.#host
    const deadline = performance.now() + timeoutMs
    const pending = () => engine.counts.inFlight > 0 && ledger.acknowledged(engine.counts) === 0
    while (pending() && performance.now() < deadline) await engine.drain(20)
  }

  /** Asks again while librdkafka says that it goes on, up to the deadline. @returns why it did not come to an end */
  async #until(deadline: number, ask: (sliceMs: number) => Promise<void>): Promise<unknown> {
    for (;;) {
      const left = Math.max(1, Math.ceil(deadline - performance.now()))
      try {
        await ask(left)
        return undefined
      } catch (error) {
        const goesOn =
          error instanceof TransactionRefusal && error.retriable && !error.abortable && !error.fatal
        if (!goesOn || performance.now() >= deadline) return error
      }
    }
  }

  get #age(): number {
    return performance.now() - this.#startedAt
  }
}

/** A refusal after which the producer cannot go on; says which of them it is. */
function lose(host: TransactionHost, error: unknown, ageMs: number): MillraceError {
  const lost = explain(host, error, ageMs)
  host.lost(lost)
  return lost
}

const FENCED = new Set(['_FENCED', 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH'])

function explain({ lifetimeMs }: TransactionHost, error: unknown, ageMs: number): MillraceError {
  if (!(error instanceof TransactionRefusal)) return lostTransaction(0, error)
  // the broker ends a transaction that is too old in the same way as a newer producer does
  if (!FENCED.has(error.error.name)) return lostTransaction(0, error)
  return ageMs >= lifetimeMs ? timedOutTransaction(lifetimeMs, error) : fencedProducer(error)
}

/** The result of a call within a transaction, or the one that stands in its error. */
async function told<R extends BatchResult | ProduceResult>(call: Promise<R>): Promise<R> {
  try {
    return acknowledged(await call)
  } catch (error) {
    const result = error instanceof MillraceError ? (error.context.result as R | undefined) : undefined
    throw result === undefined ? error : withResult(error as MillraceError, acknowledged(result))
  }
}

function acknowledged<R extends BatchResult | ProduceResult>(result: R): R {
  return { ...result, delivered: 0, acknowledged: result.delivered }
}
