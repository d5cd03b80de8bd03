import { randomUUID } from 'node:crypto'
import { deferred } from '../deferred.ts'
import { DeliveryError, describe, type ErrorCode, MillraceError } from '../errors.ts'
import { type Input, type MessageBlock, optionsFor, type ReadOptions, readRecords } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import { Account } from './account.ts'
import { type Constants, type Offering, offering, sizeOf } from './offering.ts'
import { Rate } from './rate.ts'
import type { LoadResult, Outcome } from './result.ts'
import { Targets } from './targets.ts'

export interface LoadOptions extends Constants {
  /** Connected; the load closes them. With several, order holds only within what one of them sends. */
  readonly producers: readonly Producer[]
  readonly inputs: readonly Input[]
  readonly read: Omit<ReadOptions, 'onBad' | 'onSkip'>
  /** Parallel produce loops a producer; default 1, which keeps the order of the input. */
  readonly loops?: number | undefined
  /** Messages a second over the whole load. */
  readonly rate?: number | undefined
  /** Records to read at most. */
  readonly limit?: number | undefined
  /** How long the cluster may acknowledge nothing before the load gives up, in ms. */
  readonly stallTimeoutMs: number
  /** How long to wait for acknowledgements once the reading has ended, in ms. */
  readonly drainTimeoutMs: number
}

const STALL_CHECK_MS = 250

/**
 * One load: reads inputs, produces, and accounts for every record. Runs once.
 *
 * Within an input, and with one loop and one producer, the records of a partition keep their order.
 */
export class Load {
  readonly id = randomUUID()
  readonly account = new Account()
  readonly #options: LoadOptions
  readonly #rate: Rate | undefined
  readonly #stopReading = new AbortController()
  /** Resolves when the producers are to be closed whatever is still on its way. */
  readonly #cut = deferred<void>()
  #drainTimer: NodeJS.Timeout | undefined
  #outcome: Outcome = 'finished'
  #error: MillraceError | undefined
  #firstRejection: MillraceError | undefined
  #firstFailure: MillraceError | undefined
  #bytesRead = 0
  #bytesBefore = 0
  #startedAt = 0
  #endedAt = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.#rate = options.rate === undefined ? undefined : new Rate(options.rate)
  }

  /** Bytes of the inputs that have been read so far. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  get seconds(): number {
    if (this.#startedAt === 0) return 0
    return ((this.#endedAt || performance.now()) - this.#startedAt) / 1000
  }

  /** Messages on their way. */
  get inFlight(): number {
    return this.#options.producers.reduce((sum, producer) => sum + producer.counts.inFlight, 0)
  }

  get interrupted(): boolean {
    return this.#outcome === 'interrupted'
  }

  /**
   * Reads no more; what was accepted is waited for, at most `drainTimeoutMs`.
   * Called again it waits for nothing: what is on its way then counts as failed, possibly persisted.
   */
  interrupt(): void {
    if (this.interrupted) this.#cut.resolve()
    else this.#stop('interrupted', undefined)
  }

  /** Waits until every record that was read has ended and the producers are closed. Never rejects. */
  async run(): Promise<LoadResult> {
    this.#startedAt = performance.now()
    const watch = this.#watchStall()
    const offerings = this.#offerings()
    const produced = Promise.all(this.#options.producers.map(producer => this.#produce(producer, offerings)))
    await Promise.race([produced, this.#cut.promise])
    await Promise.all(this.#options.producers.map(producer => producer.close({ timeoutMs: 0 })))
    await produced
    clearInterval(watch)
    clearTimeout(this.#drainTimer)
    this.#endedAt = performance.now()
    return this.#result()
  }

  async #produce(producer: Producer, offerings: AsyncGenerator<Offering>): Promise<void> {
    try {
      await producer.produceFrom(sharedBy(offerings), {
        loops: this.#options.loops,
        detail: 'all',
        onBatch: (result, messages) => this.#settle(result, messages),
        signal: this.#stopReading.signal,
      })
    } catch (error) {
      // aborted by us: the reason is known already
      if (!this.#stopReading.signal.aborted) this.#stop('cluster', asMillraceError(error))
    }
  }

  /** The messages of all inputs, one after the other, at the rate asked for; an input's error ends them. */
  async *#offerings(): AsyncGenerator<Offering> {
    const { inputs, limit = Number.POSITIVE_INFINITY, read, producers } = this.#options
    const targets = producers[0] === undefined ? undefined : new Targets(producers[0])
    const names = inputs.map(({ name }) => name)
    let taken = 0
    try {
      for (const input of inputs) {
        const options = optionsFor(input.name, names, read)
        for await (const block of readRecords(input, { ...options, onBad: 'stop' })) {
          const wanted = Math.min(block.count, limit - taken)
          const lost = await targets?.firstLost(block, wanted, this.#options)
          const count = lost?.index ?? wanted
          taken += count
          this.account.read += count + block.records.blank
          this.account.skipped += block.records.blank
          this.#bytesRead = this.#bytesBefore + block.records.endByte
          if (count > 0) yield* this.#paced(block, count)
          if (lost !== undefined) throw lost.record.error
          if (taken >= limit) return
        }
        this.#bytesBefore = this.#bytesRead
      }
    } catch (cause) {
      const error = asMillraceError(cause)
      if (error.code === 'BAD_RECORD') {
        this.account.read++
        this.account.rejected++
        this.#firstRejection ??= error
      }
      this.#stop('input', error)
    }
  }

  async *#paced(block: MessageBlock, count: number): AsyncGenerator<Offering> {
    const rate = this.#rate
    if (rate === undefined) {
      yield offering(block, 0, count, this.#options)
      return
    }
    const { signal } = this.#stopReading
    for (let from = 0; from < count && !signal.aborted; from += rate.burst) {
      const to = Math.min(from + rate.burst, count)
      await rate.take(to - from, signal)
      yield offering(block, from, to, this.#options)
    }
  }

  /** Notes how each record of an offering ended. What was not offered stays open, and is unsent in the end. */
  #settle(result: BatchResult, offered: Offering): void {
    const { account } = this
    account.addDeliveries(result, index => sizeOf(offered, index))
    for (const { error } of result.failures) {
      if (RECORDS_FAULT.includes(error.code)) {
        account.rejected++
        this.#firstRejection ??= error
      } else if (error.code === 'DELIVERY_FAILED') {
        if (!wasHandedBack(error)) account.failed++
        // the broker refuses whole batches: which record of it is to blame is not known, so none is called rejected
        if ((error as DeliveryError).fault === 'record') this.#firstFailure ??= error
        else this.#stop('cluster', error)
      } else this.#stop('cluster', error)
    }
    account.possiblyPersisted += result.possiblyPersisted
  }

  /** The first reason counts; what comes after it is its consequence. */
  #stop(outcome: Outcome, error: MillraceError | undefined): void {
    if (this.#outcome === 'finished') {
      this.#outcome = outcome
      this.#error = error
    } else if (outcome === 'interrupted') {
      this.#outcome = outcome
    }
    // an input that ends early ends the offerings by itself; what it gave before is still to be accepted
    if (outcome !== 'input') this.#stopReading.abort()
    if (outcome !== 'input') this.#drainTimer ??= setTimeout(this.#cut.resolve, this.#options.drainTimeoutMs)
  }

  #watchStall(): NodeJS.Timeout {
    const { stallTimeoutMs } = this.#options
    let seen = -1
    let since = performance.now()
    return setInterval(() => {
      const { delivered, failed, rejected } = this.#ended()
      const now = performance.now()
      const progress = delivered + failed + rejected
      if (progress !== seen || this.inFlight === 0) {
        seen = progress
        since = now
      } else if (now - since > stallTimeoutMs) {
        this.#stop('cluster', stalled(this.inFlight, this.#options.topic, stallTimeoutMs))
        this.#cut.resolve()
      }
    }, STALL_CHECK_MS)
  }

  #ended(): { delivered: number; failed: number; rejected: number } {
    const sums = { delivered: 0, failed: 0, rejected: 0 }
    for (const producer of this.#options.producers) {
      const { delivered, failed, refused } = producer.counts
      sums.delivered += delivered
      sums.failed += failed
      sums.rejected += refused
    }
    return sums
  }

  #result(): LoadResult {
    const { account } = this
    const { read, sent, skipped, rejected, delivered, failed, possiblyPersisted, bytes, partitions } = account
    const seconds = this.seconds
    return {
      loadId: this.id,
      outcome: this.#outcome,
      error: this.#error,
      firstRejection: this.#firstRejection,
      firstFailure: this.#firstFailure,
      read,
      sent,
      skipped,
      rejected,
      delivered,
      failed,
      unsent: account.open,
      possiblyPersisted,
      bytes,
      seconds,
      messagesPerSecond: seconds === 0 ? 0 : delivered / seconds,
      partitions,
    }
  }
}

/** One generator for several consumers; none of them may end it for the others. */
function sharedBy<T>(generator: AsyncGenerator<T>): AsyncIterable<T> {
  return { [Symbol.asyncIterator]: () => ({ next: () => generator.next() }) }
}

/** What is found in a message itself, before it is accepted. */
const RECORDS_FAULT: readonly ErrorCode[] = ['INVALID_MESSAGE', 'UNSUPPORTED_MESSAGE', 'MESSAGE_TOO_LARGE']

/** Accepted, but dropped unsent when its producer was closed: unsent, as what was never accepted. */
function wasHandedBack(error: MillraceError): boolean {
  return error instanceof DeliveryError && error.kafkaName === '_PURGE_QUEUE' && !error.possiblyPersisted
}

function stalled(inFlight: number, topic: string | undefined, milliseconds: number): MillraceError {
  return new MillraceError(
    'BROKER_UNREACHABLE',
    `No acknowledgement came for ${milliseconds / 1000} s; ${inFlight} messages${topic === undefined ? '' : ` for ${topic}`} were on their way`,
    {
      hint: 'Check that the brokers are up and that every partition has a leader',
      context: { topic, inFlight },
    },
  )
}

function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return new MillraceError('SOURCE_FAILED', `The load failed unexpectedly: ${describe(error)}`, {
    cause: error,
  })
}
