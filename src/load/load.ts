import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { deferred } from '../deferred.ts'
import { MillraceError } from '../errors.ts'
import { type Input, optionsFor, type ReadOptions } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { CloseResult } from '../producer/results.ts'
import { Account } from './account.ts'
import { Feed, type FeedOptions } from './feed.ts'
import type { Constants } from './offering.ts'
import { Rate } from './rate.ts'
import type { LoadResult, Outcome } from './result.ts'
import type { Grant, LoadEvent, Settlement, Steward } from './steward.ts'
import { feedByThreads } from './threads.ts'
import { Throttling } from './throttling.ts'

export interface LoadOptions extends Constants {
  /** Connected; the load closes them. With several, order holds only within what one of them sends. */
  readonly producers: readonly Producer[]
  readonly inputs: readonly Input[]
  readonly read: Omit<ReadOptions, 'onBad' | 'onSkip'>
  /** Parallel produce loops a producer; default 1, which keeps the order of the input. */
  readonly loops?: number | undefined
  /**
   * Worker threads that read and send (batch engine only); default: none, the calling thread does. With several,
   * order holds only within a part of a file that one of them takes.
   */
  readonly threads?: number | undefined
  /** What each of them runs; default: load-thread. */
  readonly threadEntry?: URL | undefined
  /** Messages a second over the whole load. */
  readonly rate?: number | undefined
  /** Bytes a second, of keys and values, over the whole load; with `rate` both hold. */
  readonly rateBytes?: number | undefined
  /** Records to read at most. */
  readonly limit?: number | undefined
  /** How long the cluster may acknowledge nothing before the load gives up, in ms. */
  readonly stallTimeoutMs: number
  /** How long to wait for acknowledgements once the reading has ended, in ms. */
  readonly drainTimeoutMs: number
}

const STALL_CHECK_MS = 250
const NOTHING: Grant = { count: 0, last: true }

/**
 * One load: reads inputs, produces, and accounts for every record. Runs once.
 *
 * Within an input, and with one loop and one producer, the records of a partition keep their order.
 */
export class Load {
  readonly id = randomUUID()
  readonly account = new Account()
  readonly throttling: Throttling
  readonly #options: LoadOptions
  readonly #rate: Rate | undefined
  /** No more is to be read; what was read is still offered. */
  readonly #finish = new AbortController()
  /** Nor is more offered. */
  readonly #stopReading = new AbortController()
  /** Resolves when the producers are to be closed whatever is still on its way. */
  readonly #cut = deferred<void>()
  #drainTimer: NodeJS.Timeout | undefined
  #outcome: Outcome = 'finished'
  #error: MillraceError | undefined
  #firstRejection: MillraceError | undefined
  #firstFailure: MillraceError | undefined
  /** Records that may still be read. */
  #left: number
  /** Those that wait for the rate. */
  #waiting = 0
  #died = false
  #bytesRead = 0
  #startedAt = 0
  #endedAt = 0

  constructor(options: LoadOptions) {
    this.#options = options
    this.throttling = new Throttling(options.producers)
    this.#left = options.limit ?? Number.POSITIVE_INFINITY
    setMaxListeners(0, this.#finish.signal, this.#stopReading.signal)
    const { rate: records, rateBytes: bytes } = options
    this.#rate = records === undefined && bytes === undefined ? undefined : new Rate({ records, bytes })
  }

  /** Bytes of the inputs that have been read so far; of packed ones as they are packed. */
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
    const produced = this.#feed()
    await Promise.race([produced, this.#cut.promise])
    if (this.#died) await this.#drain()
    const closed = await Promise.all(
      this.#options.producers.map(producer => producer.close({ timeoutMs: 0 })),
    )
    await produced
    if (this.#died) this.#correct(closed)
    clearInterval(watch)
    clearTimeout(this.#drainTimer)
    this.#endedAt = performance.now()
    return this.#result()
  }

  #feed(): Promise<void> {
    const { producers, inputs, read, loops, threads, threadEntry, limit } = this.#options
    const { topic, key, headers, partition } = this.#options
    const feed: FeedOptions = {
      constants: { topic, key, headers, partition },
      loops,
      burst: this.#rate?.burst,
    }
    const steward = this.#steward()
    if (threads === undefined) {
      const names = inputs.map(({ name }) => name)
      const sources = inputs.map(input => ({ input, read: optionsFor(input.name, names, read) }))
      return new Feed(feed, steward).run(producers, sources)
    }
    const metered = this.#rate !== undefined || limit !== undefined
    return feedByThreads({ threads, producers, inputs, read, feed, metered, entry: threadEntry }, steward)
  }

  #steward(): Steward {
    return {
      finish: this.#finish.signal,
      abort: this.#stopReading.signal,
      take: (count, bytes) => this.#take(count, bytes),
      partitions: async topic => {
        const found = await this.#options.producers[0]?.describeTopic(topic)
        return found?.partitions.length ?? 0
      },
      tell: event => this.#hear(event),
    }
  }

  async #take(count: number, bytes: number): Promise<Grant> {
    const { signal } = this.#finish
    const granted = signal.aborted ? 0 : Math.min(count, this.#left)
    if (granted === 0) return NOTHING
    this.#left -= granted
    this.#waiting++
    await this.#rate?.take(granted, bytes, signal)
    this.#waiting--
    if (this.#outcome !== 'finished') return NOTHING
    // whoever waits for more input waits for nothing; but those who wait for their turn have been promised it
    if (this.#left === 0 && this.#waiting === 0) this.#finish.abort()
    return { count: granted, last: this.#left === 0 }
  }

  #hear(event: LoadEvent): void {
    const { account } = this
    switch (event.kind) {
      case 'read':
        account.read += event.records + event.blank
        account.skipped += event.blank
        this.#bytesRead += event.bytes
        break
      case 'settled':
        this.#settle(event)
        break
      case 'input':
        if (event.error.code === 'BAD_RECORD') {
          account.read++
          account.rejected++
          this.#firstRejection ??= event.error
        }
        this.#stop('input', event.error)
        break
      case 'broken':
        this.#stop('cluster', event.error)
        break
      case 'died':
        this.#died = true
        this.#stop('unexpected', event.error)
    }
  }

  #settle(settlement: Settlement): void {
    this.account.addSettled(settlement)
    this.#firstRejection ??= settlement.rejection
    this.#firstFailure ??= settlement.failure
    if (settlement.broken !== undefined) this.#stop('cluster', settlement.broken)
  }

  /** What a thread that died had accepted is on its way still. Waits for it, unless that is cut short. */
  async #drain(): Promise<void> {
    const { producers, drainTimeoutMs } = this.#options
    const drained = producers.map(producer => producer.flush({ timeoutMs: drainTimeoutMs }).catch(() => {}))
    await Promise.race([Promise.all(drained), this.#cut.promise])
  }

  /** The producers know what became of messages of which a dead thread cannot tell. */
  #correct(closed: readonly CloseResult[]): void {
    const sum = (field: 'delivered' | 'failed' | 'possiblyPersisted') =>
      closed.reduce((sum, result) => sum + result[field], 0)
    this.account.delivered = sum('delivered')
    this.account.failed = sum('failed')
    this.account.possiblyPersisted = sum('possiblyPersisted')
  }

  /** The first reason counts; what comes after it is its consequence. */
  #stop(outcome: Outcome, error: MillraceError | undefined): void {
    if (this.#outcome === 'finished') {
      this.#outcome = outcome
      this.#error = error
    } else if (outcome === 'interrupted') {
      this.#outcome = outcome
    }
    this.#finish.abort()
    // where an input ends early, what was read before is still to be accepted
    if (outcome === 'input') return
    this.#stopReading.abort()
    this.#drainTimer ??= setTimeout(this.#cut.resolve, this.#options.drainTimeoutMs)
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
