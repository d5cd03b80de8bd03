import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import { deferred } from '../deferred.ts'
import { clusterIds } from '../engine/identity.ts'
import type { MillraceError } from '../errors.ts'
import { type Input, optionsFor, type ReadOptions } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { CloseResult } from '../producer/results.ts'
import type { TopicDescription } from '../producer/topic.ts'
import { Account } from './account.ts'
import { Again } from './again.ts'
import type { AnotherProducer } from './culprit.ts'
import { asMillraceError, Feed, type FeedOptions } from './feed.ts'
import type { Constants } from './offering.ts'
import { Rate } from './rate.ts'
import type { LoadReceipt } from './receipt/load-receipt.ts'
import { type RejectionOptions, Rejections } from './rejections.ts'
import type { LoadEnd, Outcome } from './result.ts'
import { sourcesOf } from './sources.ts'
import type { Spelling } from './spelling.ts'
import { StallWatch, type Waiting } from './stall.ts'
import type { Grant, LoadEvent, Settlement, Steward } from './steward.ts'
import { allOf } from './stretch.ts'
import { feedByThreads } from './threads.ts'
import { Throttling } from './throttling.ts'

export interface LoadSetup extends Constants, RejectionOptions {
  /** Connected; the load closes them. With several, order holds only within what one of them sends. */
  readonly producers: readonly Producer[]
  /**
   * Makes another producer like those, which the load closes too: it finds out which record of a refused batch is to
   * blame, and sends the others again. Absent: all of such a batch fails.
   */
  readonly another?: AnotherProducer | undefined
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
  /** Where it is written down how far the load has come, and what it has left to read. The load closes it. */
  readonly receipt?: LoadReceipt | undefined
  /** How options are called towards the user; default: as a program's. */
  readonly spelling?: Spelling | undefined
  /** Hears what the load waits for, and when it waits no more. */
  readonly onWaiting?: ((waiting: Waiting | undefined) => void) | undefined
}

const NOTHING: Grant = { count: 0, last: true }

/**
 * One load: reads inputs, produces, and accounts for every record. Runs once.
 *
 * Within an input, and with one loop and one producer, the records of a partition keep their order.
 */
export class Load {
  readonly id: string
  readonly account = new Account()
  readonly throttling: Throttling
  readonly #options: LoadSetup
  readonly #rate: Rate | undefined
  readonly #rejections: Rejections
  readonly #again: Again
  #stall: StallWatch | undefined
  /** No more is to be read; what was read is still offered. */
  readonly #finish = new AbortController()
  /** Nor is more offered. */
  readonly #stopReading = new AbortController()
  /** Resolves when the producers are to be closed whatever is still on its way. */
  readonly #cut = deferred<void>()
  #drainTimer: NodeJS.Timeout | undefined
  #outcome: Outcome = 'finished'
  #error: MillraceError | undefined
  #firstFailure: MillraceError | undefined
  /** Records that may still be read. */
  #left: number
  /** Those that wait for the rate. */
  #waiting = 0
  #died = false
  #bytesRead = 0
  #startedAt = 0
  #endedAt = 0

  constructor(options: LoadSetup) {
    this.#options = options
    this.throttling = new Throttling(options.producers)
    const { receipt } = options
    const { read } = receipt?.alreadyDone ?? { read: 0 }
    this.id = receipt?.loadId ?? randomUUID()
    this.account.read = read
    this.account.alreadyDone = read
    this.#left = Math.max(0, (options.limit ?? Number.POSITIVE_INFINITY) - read)
    receipt?.onFailure(error => this.#stop('receipt', error))
    setMaxListeners(0, this.#finish.signal, this.#stopReading.signal)
    const { rate: records, rateBytes: bytes } = options
    this.#rate = records === undefined && bytes === undefined ? undefined : new Rate({ records, bytes })
    this.#rejections = new Rejections(this.account, options, error => this.#stop('input', error))
    const { producers, another } = options
    this.#again = new Again(
      { producer: producers[0] as Producer, another },
      {
        settled: settlement => this.#settle(settlement),
        reject: rejected => this.#rejections.add(rejected),
      },
    )
  }

  /** Bytes of the inputs that have been read so far; of packed ones as they are packed. */
  get bytesRead(): number {
    return this.#bytesRead
  }

  get seconds(): number {
    if (this.#startedAt === 0) return 0
    return ((this.#endedAt || performance.now()) - this.#startedAt) / 1000
  }

  /** Messages on their way, and those that wait to be offered again. */
  get inFlight(): number {
    const { producers } = this.#options
    return producers.reduce((sum, producer) => sum + producer.counts.inFlight, this.#again.open)
  }

  /** What it waits for; undefined while it gets on. */
  get waiting(): Waiting | undefined {
    return this.#stall?.waiting
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
  async run(): Promise<LoadEnd> {
    this.#startedAt = performance.now()
    this.#stall = this.#watchStall()
    const produced = this.#feed()
    await Promise.race([produced, this.#cut.promise])
    if (this.#died) await this.#drain()
    this.#again.stop()
    const closed = await Promise.all(
      this.#options.producers.map(producer => producer.close({ timeoutMs: 0 })),
    )
    closed.push(...(await this.#again.close()))
    await produced
    const { delivered, possiblyPersisted } = this.account
    await this.#options.receipt?.close(!this.#died && delivered + possiblyPersisted === 0)
    if (this.#died) this.#correct(closed)
    this.#rejections.checkShare()
    this.#stall.stop()
    clearTimeout(this.#drainTimer)
    this.#endedAt = performance.now()
    return this.#result()
  }

  #feed(): Promise<void> {
    const { producers, inputs, read, loops, threads, threadEntry, limit, receipt } = this.#options
    const { topic, key, headers, partition } = this.#options
    const feed: FeedOptions = {
      constants: { topic, key, headers, partition },
      loops,
      burst: this.#rate?.burst,
      goOn: this.#rejections.goOn,
      spelling: this.#options.spelling,
    }
    const steward = this.#steward()
    // what was looked into beforehand is read through what was given instead
    const stretches = (receipt?.stretches ?? allOf(inputs)).map(stretch => ({
      ...stretch,
      input: inputs[stretch.index] ?? stretch.input,
    }))
    const names = inputs.map(({ name }) => name)
    const readFor = optionsFor(names, read)
    if (threads === undefined) {
      const domain = receipt?.addDomain()
      // of what is metered, all that is granted is to be sent
      const together = this.#rate === undefined && limit === undefined
      return new Feed({ ...feed, domain }, steward).run(producers, sourcesOf(stretches, readFor, together))
    }
    const metered = this.#rate !== undefined || limit !== undefined || receipt !== undefined
    const options = { threads, producers, stretches, readFor, feed, metered, receipt, entry: threadEntry }
    return feedByThreads(options, steward)
  }

  #steward(): Steward {
    return {
      finish: this.#finish.signal,
      abort: this.#stopReading.signal,
      take: (count, bytes) => this.#take(count, bytes),
      partitions: async topic => {
        const found = await this.#options.producers[0]?.describeTopic(topic)
        const partitions = found?.partitions.length ?? 0
        if (found !== undefined && found !== null) await this.#meet(found)
        return partitions
      },
      tell: event => this.#hear(event),
      reject: rejected => this.#rejections.add(rejected),
      again: returned => this.#again.take(returned),
    }
  }

  /** A receipt is to know a topic before anything is sent to it. */
  async #meet({ topic, partitions }: TopicDescription): Promise<void> {
    const { receipt, producers } = this.#options
    if (receipt === undefined || receipt.knows(topic)) return
    const broker = partitions.find(({ leader }) => leader >= 0)?.leader ?? 0
    const { topicIds } = await clusterIds(producers[0] as Producer, { topics: [topic], broker })
    receipt.topic({ topic, topicId: topicIds.get(topic) ?? null, partitions: partitions.length })
  }

  async #take(count: number, bytes: number): Promise<Grant> {
    const { signal } = this.#finish
    const granted = signal.aborted ? 0 : Math.min(count, this.#left)
    if (granted === 0) return NOTHING
    this.#left -= granted
    this.#waiting++
    await this.#options.receipt?.take(granted, signal)
    await this.#rate?.take(granted, bytes, signal)
    this.#waiting--
    if (this.#outcome !== 'finished') return NOTHING
    // whoever waits for more input waits for nothing; but those who wait for their turn have been promised it
    if (this.#left === 0 && this.#waiting === 0) this.#finish.abort()
    return { count: granted, last: this.#left === 0 }
  }

  #hear(event: LoadEvent): void {
    const { account } = this
    const { receipt } = this.#options
    switch (event.kind) {
      case 'read':
        account.read += event.records + event.blank
        account.skipped += event.blank
        this.#bytesRead += event.bytes
        if (event.piece !== undefined) receipt?.begin(event.piece)
        break
      case 'settled':
        this.#settle(event)
        if (event.end !== undefined) receipt?.end(event.end)
        break
      case 'ended':
        receipt?.end(event.end)
        break
      case 'inputEnded':
        receipt?.inputEnded(event.domain, event.input, event.at)
        break
      case 'input':
        if (event.error.code === 'BAD_RECORD') {
          account.read++
          this.#rejections.count(1, event.error)
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
    this.account.failed = sum('failed') - this.#again.superseded
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
    if (outcome === 'input' || outcome === 'receipt') return
    this.#stopReading.abort()
    // nothing is to be waited for any more
    if (outcome === 'cluster') this.#again.stop()
    this.#drainTimer ??= setTimeout(this.#cut.resolve, this.#options.drainTimeoutMs)
  }

  #watchStall(): StallWatch {
    const { stallTimeoutMs, onWaiting } = this.#options
    return new StallWatch(
      {
        progress: () => this.#progress(),
        open: () => this.account.open,
        trouble: () => this.#again.trouble,
        ask: () => this.#ask(),
        changed: waiting => onWaiting?.(waiting),
        stalled: error => {
          this.#stop('cluster', error)
          this.#cut.resolve()
        },
      },
      { timeoutMs: stallTimeoutMs, topic: this.#options.topic },
    )
  }

  /** Records that ended well, or are to blame themselves. */
  #progress(): number {
    const delivered = this.#options.producers.map(producer => producer.counts.delivered)
    return delivered.reduce((sum, count) => sum + count, this.account.rejected + this.#again.progress)
  }

  /** What the cluster knows to be wrong. */
  async #ask(): Promise<string | undefined> {
    const topic = this.#options.topic ?? this.account.partitions[0]?.topic
    if (topic === undefined) return undefined
    try {
      const partitions = (await this.#options.producers[0]?.topicLeaders(topic)) ?? []
      const lost = partitions.filter(({ leader }) => leader < 0).map(({ partition }) => partition)
      if (lost.length === 0) return undefined
      const which = lost.length === 1 ? `partition ${lost[0]}` : `${lost.length} partitions`
      return `${which} of ${topic} ${lost.length === 1 ? 'has' : 'have'} no leader`
    } catch (error) {
      const { code, message } = asMillraceError(error)
      return code === 'PRODUCER_CLOSED' ? undefined : message
    }
  }

  #result(): LoadEnd {
    const { account } = this
    const { read, sent, skipped, rejected, delivered, failed, possiblyPersisted, bytes, partitions } = account
    const seconds = this.seconds
    return {
      loadId: this.id,
      outcome: this.#outcome,
      error: this.#error,
      firstRejection: this.#rejections.first,
      withinMaxRejected: this.#rejections.within,
      firstFailure: this.#firstFailure,
      read,
      sent,
      skipped,
      rejected,
      delivered,
      failed,
      unsent: account.open,
      alreadyDone: account.alreadyDone,
      resent: this.#again.resent,
      possiblyPersisted,
      bytes,
      seconds,
      messagesPerSecond: seconds === 0 ? 0 : delivered / seconds,
      partitions,
    }
  }
}
