import { setTimeout as sleep } from 'node:timers/promises'
import { describe } from '../errors.ts'
import { Histogram, percentile } from '../latency/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { BatchResult } from '../producer/results.ts'
import type { Transaction } from '../producer/transaction.ts'
import type { Cell } from './cell.ts'
import type { Lane } from './contender.ts'
import type { Offers } from './offers.ts'
import { Pacer, type Schedule } from './pacer.ts'
import { Budget, Traffic, type Way } from './traffic.ts'
import type { TransactionFigures } from './trial.ts'

export interface TransactionalOptions {
  readonly cell: Cell
  /** How long each transaction takes until its commit begins. */
  readonly seconds: number
  readonly allowFailures: boolean
  /** Of the topic. */
  readonly partitions: number
  /** A failure stopped the offering. */
  readonly onHalt: () => void
}

/**
 * A lane whose loops send inside of transactions, one after the other: each is committed when its time is up, and what
 * it sent counts as delivered from then on.
 */
export class TransactionalLane implements Lane {
  offered = 0
  delivered = 0
  failed = 0
  possiblyPersisted = 0
  firstFailure: string | undefined
  readonly lateness = new Histogram()
  /** Partitions that committed transactions wrote to, each as often as one did. */
  committedParts = 0
  /** Of those that were aborted, at most. */
  abortedParts = 0
  readonly #producer: Producer
  readonly #offers: Offers
  readonly #options: TransactionalOptions
  readonly #commits = new Histogram()
  #committed = 0
  #aborted = 0
  #messagesAborted = 0
  #endedBefore = 0
  #traffic: Traffic | undefined
  #stopping = false
  #running: Promise<void> = Promise.resolve()

  constructor(producer: Producer, offers: Offers, options: TransactionalOptions) {
    this.#producer = producer
    this.#offers = offers
    this.#options = options
  }

  /** Acknowledged or failed, committed or not. */
  get ended(): number {
    return this.#endedBefore + (this.#traffic?.ended ?? 0)
  }

  get figures(): Omit<TransactionFigures, 'commitMs'> & { readonly commits: Histogram } {
    return {
      committed: this.#committed,
      aborted: this.#aborted,
      messagesAborted: this.#messagesAborted,
      commits: this.#commits,
    }
  }

  start(work: Budget | Schedule): void {
    this.#stopping = false
    this.#running = this.#run(work instanceof Budget ? work : new Pacer(work))
  }

  /** Resolves when all is offered and committed. */
  async spent(): Promise<void> {
    await this.#running
  }

  /** Ends the offering, and commits. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#traffic?.stop()
    await this.#running
  }

  async #run(work: Budget | Pacer): Promise<void> {
    let rest = work
    while (!this.#stopping && rest.open) {
      await this.#transact(rest)
      if (!(rest instanceof Pacer)) continue
      this.lateness.merge(rest.lateness)
      rest = new Pacer(rest.rest)
      // what was due while the last one was committed is not late by the generator's doing
      rest.held()
    }
  }

  async #transact(work: Budget | Pacer): Promise<void> {
    const { allowFailures, partitions } = this.#options
    const touched = new Set<number>()
    let endedAt = 0
    try {
      await this.#producer.transaction(async transaction => {
        const { failed, firstFailure } = await this.#fill(wayOf(transaction, touched, partitions), work)
        endedAt = performance.now()
        // librdkafka would refuse the commit
        if (failed > 0) throw new Error(firstFailure)
      })
      this.#commits.record((performance.now() - endedAt) * 1e6)
      this.#committed++
      this.committedParts += touched.size
      this.delivered += this.#traffic?.delivered ?? 0
    } catch (error) {
      this.firstFailure ??= describe(error)
      this.#aborted++
      this.abortedParts += partitions
      const lost = this.#traffic?.offered ?? 0
      this.failed += lost
      // acknowledged ones are there, though nobody who reads what is committed sees them
      this.possiblyPersisted += lost
      this.#messagesAborted += lost
      if (!allowFailures || this.#producer.state !== 'open' || lost === 0) {
        this.#stopping = true
        this.#options.onHalt()
      }
    } finally {
      const offered = this.#traffic?.offered ?? 0
      this.offered += offered
      this.#endedBefore += offered
      this.#traffic = undefined
    }
  }

  /** Sends for one transaction's time, and waits until all of that has ended. */
  async #fill(way: Way, work: Budget | Pacer): Promise<Traffic> {
    const { cell, seconds } = this.#options
    const timer = new AbortController()
    const { signal } = timer
    // whether to halt is decided once the transaction has ended
    const traffic = new Traffic(way, this.#offers, cell, false, () => timer.abort())
    this.#traffic = traffic
    traffic.start(work)
    // it may have been stopped while the transaction began
    if (this.#stopping) await traffic.stop()
    await Promise.race([traffic.spent(), sleep(seconds * 1000, undefined, { signal }).catch(() => {})])
    timer.abort()
    await traffic.finish()
    await traffic.spent()
    return traffic
  }
}

/** Its results tell deliveries, as a producer's do; notes the partitions until all are known. */
function wayOf(transaction: Transaction, touched: Set<number>, partitions: number): Way {
  return {
    send(message, options) {
      const sent = transaction.send(message, options)
      if (touched.size === partitions) return sent
      return sent.then(delivery => {
        touched.add(delivery.partition)
        return delivery
      })
    },
    async sendBatch(messages, options) {
      const all = touched.size === partitions
      const result = await transaction.sendBatch(messages, all ? options : { ...options, detail: 'all' })
      if (!all) notePartitions(result, touched)
      return { ...result, delivered: result.acknowledged }
    },
  }
}

function notePartitions(result: BatchResult, touched: Set<number>): void {
  for (let index = 0; index < result.messages; index++) {
    const delivery = result.delivery(index)
    if (delivery !== null) touched.add(delivery.partition)
  }
}

/** Of all lanes; null where none is transactional. */
export function transactionsOf(lanes: readonly Lane[]): TransactionFigures | null {
  const own = lanes.filter(lane => lane instanceof TransactionalLane)
  if (own.length === 0) return null
  const commits = new Histogram()
  const sums = { committed: 0, aborted: 0, messagesAborted: 0 }
  for (const { figures } of own) {
    commits.merge(figures.commits)
    sums.committed += figures.committed
    sums.aborted += figures.aborted
    sums.messagesAborted += figures.messagesAborted
  }
  const p50 = percentile(commits, 'p50')
  const { max } = commits
  return { ...sums, commitMs: p50 === null || max === null ? null : { p50: p50 / 1e6, max: max / 1e6 } }
}

/** Markers in the log: those of commits, and how many more there may be. */
export function markersOf(lanes: readonly Lane[]): { readonly sure: number; readonly possible: number } {
  const own = lanes.filter(lane => lane instanceof TransactionalLane)
  return {
    sure: own.reduce((sum, { committedParts }) => sum + committedParts, 0),
    possible: own.reduce((sum, { abortedParts }) => sum + abortedParts, 0),
  }
}
