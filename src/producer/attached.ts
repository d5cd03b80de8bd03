import { EventEmitter } from 'node:events'
import { BatchEngine } from '../engine/batch.ts'
import { loadBinding } from '../engine/binding.ts'
import type { MillraceError } from '../errors.ts'
import type { Delivery, Framed, Message } from '../types.ts'
import { checkCloseOptions } from './call-options.ts'
import { closedError } from './closed.ts'
import type { Item, ProduceFromOptions, Source } from './produce-from.ts'
import type { CloseOptions, ProducerState } from './producer.ts'
import type { BatchResult, ProduceResult, ProducerCounts } from './results.ts'
import { type BatchOptions, type FlushOptions, NO_OPTIONS, Sender, type SendOptions } from './sender.ts'
import { type ProducerToken, sharedOf } from './share.ts'

export interface AttachedProducerEvents {
  /** The producer takes no more messages. */
  fatal: [error: MillraceError]
}

/** What a thread had sent when it left: accepted = delivered + failed + handedBack + left. */
export interface DetachResult {
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  /** Dropped unsent as the producer was closed; its `close` hands them back. */
  readonly handedBack: number
  /** On their way still: they go on, and the producer accounts for them. Their promises reject. */
  readonly left: number
}

/**
 * Another thread's way into a producer: one client, one idempotent sequence, one bound of memory for all threads, and
 * each hears of its own messages. Each call waits and fails as the producer's own does. Order within a partition is
 * kept for the calls of one thread.
 *
 * When the producer closes, calls reject with PRODUCER_CLOSED. When the thread ends in the middle, what it had
 * accepted goes on, and stands in the producer's account.
 */
export class AttachedProducer extends EventEmitter<AttachedProducerEvents> {
  readonly #engine: BatchEngine
  readonly #sender: Sender
  #state: ProducerState = 'open'
  #fatal: MillraceError | undefined
  #closing: Promise<DetachResult> | undefined

  private constructor(engine: BatchEngine) {
    super()
    this.#engine = engine
    this.#sender = new Sender(engine, error => this.#onFatal(error))
  }

  /**
   * Attaches the calling thread, a worker as a rule, to the producer that gave the token.
   * @throws MillraceError USAGE for what is no token, PRODUCER_CLOSED where the producer is gone,
   * ENGINE_UNAVAILABLE
   */
  static attach(token: ProducerToken): AttachedProducer {
    const shared = sharedOf(token)
    return new AttachedProducer(BatchEngine.attach(loadBinding().binding, shared))
  }

  get state(): ProducerState {
    return this.#state
  }

  /** Of this thread; `inFlightBytes` is of all. */
  get counts(): ProducerCounts {
    return this.#sender.counts
  }

  /** As Producer.send. */
  send(message: Message, options: SendOptions = NO_OPTIONS): Promise<Delivery> {
    // not an async function, whose second promise would cost as much as the first
    try {
      this.#check()
      return this.#sender.send(message, options)
    } catch (error) {
      return Promise.reject(error)
    }
  }

  /** As Producer.trySend. */
  trySend(message: Message): Promise<Delivery> | null {
    try {
      this.#check()
    } catch (error) {
      return Promise.reject(error)
    }
    return this.#sender.trySend(message)
  }

  /** As Producer.sendBatch. */
  sendBatch(messages: readonly Message[] | Framed, options: BatchOptions = {}): Promise<BatchResult> {
    return this.#sender.sendBatch(messages, options, () => this.#check())
  }

  /** As Producer.produceFrom. */
  produceFrom<T = Item>(source: Source<T>, options: ProduceFromOptions<T> = {}): Promise<ProduceResult> {
    return this.#sender.produceFrom(source, options, () => this.#check())
  }

  /** Sends without lingering and waits until no message of this thread is on its way or waiting. As Producer.flush. */
  async flush(options: FlushOptions = {}): Promise<void> {
    if (this.#state === 'closed') return
    return this.#sender.flush(options)
  }

  /** Leaves the producer, which goes on. Lets the calls made before finish for at most `timeoutMs`. Never rejects. */
  close(options: CloseOptions = {}): Promise<DetachResult> {
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

  async #close({ timeoutMs = 30_000, signal }: CloseOptions): Promise<DetachResult> {
    this.#state = 'closing'
    this.#sender.stopRuns(closedError(this.#state))
    await this.#sender.drain(timeoutMs, signal)
    this.#sender.withdraw(closedError(this.#state))
    await this.#engine.close()
    this.#state = 'closed'
    const { accepted, refused, delivered, failed, possiblyPersisted, handedBack, inFlight } =
      this.#engine.counts
    return { accepted, refused, delivered, failed, possiblyPersisted, handedBack, left: inFlight }
  }

  #check(): void {
    if (this.#fatal !== undefined) throw this.#fatal
    if (this.#state !== 'open') throw closedError(this.#state)
  }

  #onFatal(error: MillraceError): void {
    if (this.#fatal !== undefined) return
    this.#fatal = error
    this.#sender.withdraw(error)
    // apart: a listener that throws is not to cut short what this was found in
    process.nextTick(() => this.emit('fatal', error))
  }
}
