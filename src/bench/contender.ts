import type { Histogram } from '../latency/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { ProducerToken } from '../producer/share.ts'
import type { Schedule } from './pacer.ts'
import type { Requests } from './requests.ts'
import type { Budget } from './traffic.ts'
import type { Metrics } from './trial.ts'

/** What is measured, as far as a trial has to know it. */
export interface Target {
  /** As it counts them itself, of all threads. */
  readonly counts: {
    readonly accepted: number
    readonly refused: number
    readonly delivered: number
    readonly failed: number
  }
  readonly describeTopic: Producer['describeTopic']
  /** @throws MillraceError FLUSH_TIMEOUT */
  flush(options: { timeoutMs: number }): Promise<void>
  close(options: { timeoutMs: number }): Promise<unknown>
}

/** What a lane offered, and what it heard of it. */
export interface LaneAccount {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  readonly firstFailure: string | undefined
  /** How late its calls were made since it last started on a schedule, though there was room; nanoseconds. */
  readonly lateness: Histogram
}

/** What feeds a target with messages. A lane in another thread knows its account once it stopped or is spent. */
export interface Lane extends LaneAccount {
  /** Offers until `stop`: as fast as it can until the budget is spent, or what is due by a schedule. */
  start(work: Budget | Schedule): void
  /** Resolves when the offering has ended by itself and every message has, too. */
  spent(): Promise<void>
  /** Ends the offering; what was offered is still on its way. */
  stop(): Promise<void>
}

/** One target of a trial, and how to feed it. */
export interface Contender {
  readonly target: Target
  readonly requests: Requests
  /** `onHalt`: a failure stopped the offering. `partitions`: of the topic. */
  lane(onHalt: () => void, partitions?: number): Lane
  /** Messages acknowledged, committed or not. */
  acknowledged(): number
  /** Messages that were acknowledged or failed. */
  ended(): number
  /** librdkafka's last statistics. */
  metrics(): Metrics
  /** For other threads. */
  share(): ProducerToken
  /** Of all that was acknowledged since the last `reset`. */
  latency(options: { reset: boolean }): Histogram
}
