import type { ProducerToken } from '../producer/share.ts'
import type { Part } from './monotonic.ts'
import type { Schedule } from './pacer.ts'
import type { TrialSpec } from './trial.ts'

/** What a trial's thread is started with. */
export interface ThreadData {
  readonly spec: TrialSpec
  /** Which of the cell's threads it is, from 0. */
  readonly index: number
  /** Which of the trial's processes they are in. */
  readonly process: Part
  /** Of the producers that all threads share. */
  readonly tokens: readonly ProducerToken[]
}

/** Offer so many messages, or what is due by a schedule; null: without end. Its `startAt` is of the monotonic clock, in ns. */
export type ThreadWork = { readonly messages: number | null } | { readonly schedule: Schedule }

/** What the trial asks of a thread; each is answered in its time. */
export type ThreadCall =
  | { readonly kind: 'start'; readonly work: ThreadWork }
  | { readonly kind: 'stop' | 'spent' | 'measure' | 'measured' | 'close' }

export interface ThreadRequest {
  readonly id: number
  readonly call: ThreadCall
}

export interface ThreadAccount {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  readonly firstFailure: string | undefined
  /** Encoded. */
  readonly lateness: string
}

export interface ThreadDelay {
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number }
  readonly gcMs: number
  /** Of its event loop, from 0 to 1. */
  readonly busy: number
}

/** `ready`: it is attached. `halted`: a failure stopped its offering. Answers to stop and spent have an account. */
export type ThreadMessage =
  | { readonly kind: 'ready' }
  | { readonly kind: 'halted' }
  | {
      readonly kind: 'answer'
      readonly id: number
      readonly account?: ThreadAccount | undefined
      readonly delay?: ThreadDelay | undefined
    }
