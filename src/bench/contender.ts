import type { Producer } from '../producer/producer.ts'
import type { Budget } from './traffic.ts'

/** What is measured, as far as a trial has to know it. */
export interface Target {
  /** As it counts them itself. */
  readonly counts: { readonly delivered: number }
  readonly describeTopic: Producer['describeTopic']
  /** @throws MillraceError FLUSH_TIMEOUT */
  flush(options: { timeoutMs: number }): Promise<void>
  close(options: { timeoutMs: number }): Promise<unknown>
}

/** What feeds one target with messages, and what it heard of them. */
export interface Lane {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  readonly firstFailure: string | undefined
  /** Offers until `stop`, or until the budget is spent. */
  start(budget: Budget): void
  /** Resolves when the offering has ended by itself and every message has, too. */
  spent(): Promise<void>
  /** Ends the offering; what was offered is still on its way. */
  stop(): Promise<void>
}

/** One target of a trial, and how to feed it. */
export interface Contender {
  readonly target: Target
  /** `onHalt`: a failure stopped the offering. */
  lane(onHalt: () => void): Lane
}
