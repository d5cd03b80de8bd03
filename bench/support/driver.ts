import type { Ring } from '../../src/bench/payloads.ts'

/** What every driver of a comparison is told. */
export interface Setup {
  readonly brokers: string
  /** Made beforehand. */
  readonly topic: string
  /** librdkafka's, the same for all drivers. */
  readonly properties: Readonly<Record<string, string | number | boolean>>
  /** The payloads, one behind the other. */
  readonly ring: Ring
  /** The same, each by itself. */
  readonly payloads: readonly Buffer[]
  /** Messages on their way, at most. */
  readonly outstanding: number
  /** What this driver does in more than one way. */
  readonly variant: string
}

/**
 * A client under measurement. It counts a message as delivered when its acknowledgement has reached
 * JavaScript.
 */
export interface Driver {
  readonly delivered: number
  readonly failed: number
  readonly offered: number
  /** Of the threads that it measures by themselves, if any; in seconds, since they began. */
  readonly threadCpuSeconds?: number
  /** Offers without end, or so many; returns at once. */
  start(messages?: number): void
  /** Offers no more; resolves when all that was offered has ended. */
  stop(): Promise<void>
  /** Resolves when all `messages` of `start` have ended. */
  finished(): Promise<void>
  close(): Promise<void>
}

export type Connect = (setup: Setup) => Promise<Driver>
