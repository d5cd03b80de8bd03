import type { VisitRun } from '../engine/delivery-runs.ts'
import type { EngineCounts, Failure, Tally } from '../engine/engine.ts'
import type { Delivery, Message } from '../types.ts'

/** offered = accepted + refused; accepted = delivered + acknowledged + failed + handedBack. */
export interface BatchResult {
  /** Messages that the call gave. More than `offered` only where an error cut the call short. */
  readonly messages: number
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  /** Acknowledged within a transaction: delivered once that is committed. 0 outside of one. */
  readonly acknowledged: number
  readonly failed: number
  /** Part of `failed`: these may be in the log. */
  readonly possiblyPersisted: number
  /** Accepted, never sent, and among what `close` handed back. */
  readonly handedBack: number
  /** What was not delivered, by index; empty with detail `counts`. */
  readonly failures: readonly Failure[]
  /** With detail `all`: where message `index` went, or null where it was not delivered. */
  delivery(index: number): Delivery | null
  /**
   * With detail `all`: the same by runs, in the order of the messages and without an object for each. A run are neighbours
   * that went to one partition, their offsets rising by one, or not told.
   */
  visitRuns(visit: VisitRun): void
}

/** The same sums over all that a `produceFrom` took from its source. */
export interface ProduceResult {
  readonly offered: number
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly acknowledged: number
  readonly failed: number
  readonly possiblyPersisted: number
  readonly handedBack: number
  /** The first thousand; `onFailure` hears of all. `index` counts messages in the order they were taken. */
  readonly failures: readonly Failure[]
  /**
   * Taken from the source, but neither accepted nor refused when an error or abort cut the call short. What the
   * source, or `map`, was still making then is not among them.
   */
  readonly unsent: readonly Message[]
}

export interface ProducerCounts extends EngineCounts {
  /** Calls with messages that wait for room. */
  readonly waiting: number
}

/** accepted = delivered + failed + aborted + unsent.length */
export interface CloseResult {
  readonly accepted: number
  readonly refused: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  readonly aborted: number
  /** Accepted, and certainly never sent: handed back. */
  readonly unsent: readonly Message[]
}

export function batchResult(tally: Tally, messages: number): BatchResult {
  const { offered, accepted, refused, delivered, failed, possiblyPersisted, handedBack, failures } = tally
  return {
    messages,
    offered,
    accepted,
    refused,
    delivered,
    acknowledged: 0,
    failed,
    possiblyPersisted,
    handedBack,
    failures,
    delivery: index => tally.delivery(index),
    visitRuns: visit => tally.visitRuns(visit),
  }
}
