import { setMaxListeners } from 'node:events'
import { setImmediate as turn } from 'node:timers/promises'
import type { Engine, Failure, Receiver } from '../engine/engine.ts'
import { messageOf } from '../engine/message.ts'
import { aborted, type DeliveryError, describe, MillraceError, textOf } from '../errors.ts'
import { now } from '../latency/index.ts'
import type { Detail, Framed, Message } from '../types.ts'
import { batchLength } from './batch-length.ts'
import { isFramed } from './framed.ts'
import type { Line } from './line.ts'
import { type BatchResult, batchResult, type ProduceResult } from './results.ts'
import { BatchWaiter, MessageWaiter } from './waiters.ts'

/** One item of a source: a message, several, or framed ones. */
export type Item = Message | readonly Message[] | Framed

export type Source<T> = Iterable<T> | AsyncIterable<T>

/** A message that did not make it; `message` is missing for framed ones. */
export interface ProduceFailure extends Failure {
  readonly message: Message | undefined
}

export interface ProduceFromOptions<T> {
  /** Parallel produce loops; default 1. More than one keeps no order between messages of different loops. */
  readonly loops?: number | undefined
  /** Makes messages of what the source gives; with several loops, as many run at a time. */
  readonly map?: ((item: T) => Item | PromiseLike<Item>) | undefined
  /** Hears of every message that was refused or failed. When it throws, the whole stops. */
  readonly onFailure?: ((failure: ProduceFailure) => void) | undefined
  /**
   * For sources of arrays or frames: hears of each one's result once all of it has ended, with the item
   * as the source (or `map`) gave it. When it throws, the whole stops.
   */
  readonly onBatch?: ((result: BatchResult, messages: readonly Message[] | Framed) => void) | undefined
  /** What to keep of each delivery for `onBatch`; default `failures`. */
  readonly detail?: Detail | undefined
  /** Stops taking from the source; what was accepted still ends before the call does. */
  readonly signal?: AbortSignal | undefined
}

/** What a loop gets instead of an item when its run was stopped. */
const STOPPED = Symbol('stopped')

const KEPT_FAILURES = 1000
/** Messages after which a loop gives way: a synchronous source must not keep the event loop to itself. */
const TURN_EVERY = 1000

/** What `produceFrom` needs of its producer. */
export interface Host {
  readonly engine: Engine
  readonly line: Line
  /** Throws when the producer takes no more messages. */
  check(): void
}

/** One run of `produceFrom`: loops that share a source, and the account of what they took from it. */
export class ProduceRun<T> {
  readonly #host: Host
  readonly #options: ProduceFromOptions<T>
  readonly #iterator: Iterator<T> | AsyncIterator<T>
  #taken = 0
  #offered = 0
  #accepted = 0
  #refused = 0
  #delivered = 0
  #failed = 0
  #possiblyPersisted = 0
  #handedBack = 0
  readonly #failures: Failure[] = []
  readonly #unsent: Message[] = []
  #stopped: MillraceError | undefined
  #exhausted = false
  /** Loops that wait for the source; called to have them look up. */
  readonly #pulls = new Set<() => void>()
  #open = 0
  #allEnded: (() => void) | undefined

  constructor(host: Host, source: Source<T>, options: ProduceFromOptions<T>) {
    this.#host = host
    this.#options = options
    this.#iterator = iteratorOf(source)
  }

  async run(): Promise<ProduceResult> {
    const { signal, loops = 1 } = this.#options
    const onAbort = () => this.stop(aborted(signal))
    if (signal?.aborted) onAbort()
    if (signal !== undefined) setMaxListeners(0, signal)
    signal?.addEventListener('abort', onAbort, { once: true })
    await this.#run(loops)
    signal?.removeEventListener('abort', onAbort)
    if (!this.#exhausted) this.#leaveSource()
    await this.#ended()
    if (this.#stopped !== undefined) throw withResult(this.#stopped, this.#result())
    return this.#result()
  }

  /** Takes no more from the source; what was taken goes on to its end. */
  stop(error: MillraceError): void {
    this.#stopped ??= error
    for (const wake of this.#pulls) wake()
  }

  async #run(loops: number): Promise<void> {
    // the default needs nobody who runs it beside others, and is not to wait until that is loaded
    if (loops === 1) return this.#loop()
    const { times } = await import('async')
    await times(loops, async () => this.#loop())
  }

  /** One produce loop: it waits for the source and for room, never for a delivery. Never rejects. */
  async #loop(): Promise<void> {
    const { map } = this.#options
    let sinceTurn = 0
    try {
      while (this.#stopped === undefined && !this.#exhausted) {
        const next = this.#iterator.next()
        const result = isPromiseLike(next) ? await this.#pull(next) : next
        if (result === STOPPED) return
        if (result.done) {
          this.#exhausted = true
          return
        }
        const mapped = map === undefined ? (result.value as unknown as Item) : map(result.value)
        const item = isPromiseLike(mapped) ? await this.#pull(mapped) : mapped
        if (item === STOPPED) return
        const waiting = this.#enter(item)
        if (waiting !== undefined) await waiting
        sinceTurn += sizeOf(item)
        if (sinceTurn >= TURN_EVERY) {
          sinceTurn = 0
          await turn()
        }
      }
    } catch (error) {
      this.stop(
        error instanceof MillraceError && error.code === 'INVALID_MESSAGE' ? error : sourceFailed(error),
      )
    }
  }

  /** What the source or the map promised, or undefined when the run was stopped before it came. */
  #pull<V>(next: PromiseLike<V>): Promise<V | typeof STOPPED> {
    return new Promise((resolve, reject) => {
      const wake = () => resolve(STOPPED)
      // stopped from inside the source, which may never answer
      if (this.#stopped !== undefined) return wake()
      this.#pulls.add(wake)
      next.then(
        result => {
          this.#pulls.delete(wake)
          resolve(result)
        },
        error => {
          this.#pulls.delete(wake)
          reject(error)
        },
      )
    })
  }

  /** Lets the source clean up. Not awaited: a generator that waits for input would never answer. */
  #leaveSource(): void {
    void (async () => this.#iterator.return?.())().catch(() => {})
  }

  /** Offers an item; returns a promise only where it has to wait for room. */
  #enter(item: Item): Promise<void> | undefined {
    try {
      this.#host.check()
    } catch (error) {
      this.stop(error as MillraceError)
    }
    if (this.#stopped !== undefined) {
      this.#keepUnsent(item)
      return undefined
    }
    if (Array.isArray(item) || isFramed(item)) return this.#enterMany(item)
    const { engine, line } = this.#host
    const message = item as Message
    const receiver = new RunReceiver(this, this.#taken++, message)
    this.#offered++
    this.#accepted++
    this.#open++
    const due = engine.timed ? now() : 0
    if (line.empty && engine.offer(message, receiver, due)) return undefined
    return new Promise(resolve => {
      const withdraw = (error: MillraceError) => {
        this.#offered--
        this.#accepted--
        this.#unsent.push(message)
        this.stop(error)
        this.close()
        resolve()
      }
      line.enter(new MessageWaiter(engine, message, receiver, due, resolve, withdraw), this.#options.signal)
    })
  }

  async #enterMany(messages: readonly Message[] | Framed): Promise<void> {
    const { engine, line } = this.#host
    const isArray = Array.isArray(messages)
    const length = batchLength(messages)
    const first = this.#taken
    this.#taken += length
    const due = engine.timed ? now() : 0
    const tally = engine.tally(length, this.#options.detail ?? 'failures', due)
    const waiter = new BatchWaiter(engine, messages, length, tally)
    this.#open++
    line.enter(waiter, this.#options.signal)
    try {
      await waiter.offered
    } catch (error) {
      this.#keepUnsent(messages, tally.offered)
      this.stop(error as MillraceError)
    }
    tally.seal()
    // not awaited: a loop goes on while its batches are on their way
    void tally.ended.then(() => {
      this.#offered += tally.offered
      this.#accepted += tally.accepted
      this.#refused += tally.refused
      this.#delivered += tally.delivered
      this.#failed += tally.failed
      this.#possiblyPersisted += tally.possiblyPersisted
      this.#handedBack += tally.handedBack
      for (const { index, error } of tally.failures) {
        const message = isArray ? (messages as readonly Message[])[index] : undefined
        this.#note(first + index, error, message)
      }
      this.#hear('onBatch', () => this.#options.onBatch?.(batchResult(tally, length), messages))
      this.close()
    })
  }

  /** @internal */
  delivered(): void {
    this.#delivered++
    this.close()
  }

  /** @internal */
  failed(index: number, error: DeliveryError, message: Message): void {
    this.#failed++
    if (error.possiblyPersisted) this.#possiblyPersisted++
    this.#note(index, error, message)
    this.close()
  }

  /** @internal */
  handedBack(index: number, error: DeliveryError, message: Message): void {
    this.#handedBack++
    this.#note(index, error, message)
    this.close()
  }

  /** @internal */
  refused(index: number, error: MillraceError, message: Message): void {
    this.#accepted--
    this.#refused++
    this.#note(index, error, message)
    this.close()
  }

  /** @internal one of the open items has ended */
  close(): void {
    this.#open--
    if (this.#open === 0) this.#allEnded?.()
  }

  #note(index: number, error: MillraceError, message: Message | undefined): void {
    if (this.#failures.length < KEPT_FAILURES) this.#failures.push({ index, error })
    this.#hear('onFailure', () => this.#options.onFailure?.({ index, error, message }))
  }

  /** The user's handlers may throw: that ends the run, and loses no count. */
  #hear(name: string, call: () => void): void {
    try {
      call()
    } catch (cause) {
      this.stop(new MillraceError('SOURCE_FAILED', `${name} threw: ${describe(cause)}`, { cause }))
    }
  }

  /** What the source gave, from message `from` on. */
  #keepUnsent(item: Item, from = 0): void {
    const length = sizeOf(item)
    for (let index = from; index < length; index++) {
      const message = messageAt(item, index)
      if (message !== undefined) this.#unsent.push(message)
    }
  }

  #ended(): Promise<void> {
    if (this.#open === 0) return Promise.resolve()
    return new Promise(resolve => {
      this.#allEnded = resolve
    })
  }

  #result(): ProduceResult {
    return {
      offered: this.#offered,
      accepted: this.#accepted,
      refused: this.#refused,
      delivered: this.#delivered,
      acknowledged: 0,
      failed: this.#failed,
      possiblyPersisted: this.#possiblyPersisted,
      handedBack: this.#handedBack,
      failures: this.#failures.sort((a, b) => a.index - b.index),
      unsent: this.#unsent,
    }
  }
}

/** What a message's receiver tells its run. */
interface Run {
  delivered(): void
  failed(index: number, error: DeliveryError, message: Message): void
  handedBack(index: number, error: DeliveryError, message: Message): void
  refused(index: number, error: MillraceError, message: Message): void
}

class RunReceiver implements Receiver {
  readonly #run: Run
  readonly #index: number
  readonly #message: Message

  constructor(run: Run, index: number, message: Message) {
    this.#run = run
    this.#index = index
    this.#message = message
  }

  delivered(): void {
    this.#run.delivered()
  }

  failed(error: DeliveryError): void {
    this.#run.failed(this.#index, error, this.#message)
  }

  handedBack(error: DeliveryError): void {
    this.#run.handedBack(this.#index, error, this.#message)
  }

  refused(error: MillraceError): void {
    this.#run.refused(this.#index, error, this.#message)
  }
}

function sizeOf(item: Item): number {
  if (Array.isArray(item)) return item.length
  return isFramed(item) ? item.ranges.length / 2 : 1
}

/** Undefined: a frame's range that is none, which could not have been sent either. */
function messageAt(item: Item, index: number): Message | undefined {
  if (Array.isArray(item)) return item[index]
  if (!isFramed(item)) return item as Message
  try {
    return messageOf(item, index)
  } catch {
    return undefined
  }
}

function iteratorOf<T>(source: Source<T>): Iterator<T> | AsyncIterator<T> {
  const asynchronous = (source as AsyncIterable<T> | null)?.[Symbol.asyncIterator]
  if (typeof asynchronous === 'function') return asynchronous.call(source)
  const synchronous = (source as Iterable<T> | null)?.[Symbol.iterator]
  if (typeof synchronous === 'function') return synchronous.call(source)
  throw new MillraceError('USAGE', 'produceFrom takes an iterable, an async iterable or a Readable')
}

function isPromiseLike<T>(value: T | PromiseLike<T>): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | null)?.then === 'function'
}

function sourceFailed(cause: unknown): MillraceError {
  return new MillraceError('SOURCE_FAILED', `The source of messages failed: ${describe(cause)}`, { cause })
}

/** The same error with the result so far, for whoever catches it. */
export function withResult(error: MillraceError, result: unknown): MillraceError {
  return new MillraceError(error.code, textOf(error), {
    cause: error.cause ?? error,
    hint: error.hint,
    context: { ...error.context, result },
  })
}
