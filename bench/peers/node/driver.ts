import type { Ring } from '../../../src/bench/payloads.ts'
import type { Batches, Properties } from '../protocol.ts'

/** What a driver in Node.js is told: the task, with its payloads read. */
export interface Setup {
  readonly brokers: string
  /** Made beforehand. */
  readonly topic: string
  readonly partitions: number
  /** So many messages go to a partition before the next one's turn; null: the client's own partitioner chooses. */
  readonly run: number | null
  /** The settings, by the client's own names. */
  readonly properties: Properties
  /** The payloads, one behind the other. */
  readonly ring: Ring
  /** The same, each by itself. */
  readonly payloads: readonly Buffer[]
  /** Messages on their way, at most. */
  readonly outstanding: number
  /** What this driver does in more than one way. */
  readonly variant: string
  /** Where an installed peer's modules are; empty for this project's own. */
  readonly folder: string
}

/**
 * A client under measurement. It counts a message as delivered when its acknowledgement has reached
 * JavaScript.
 */
export interface Driver {
  readonly delivered: number
  readonly failed: number
  readonly offered: number
  /** Which client, with its version. */
  readonly client: string
  /** What the client tells of its batches, if anything. */
  readonly batches?: Batches | null
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

/** Where message `number` goes; null: the partitioner's choice. */
export function partitionOf(
  number: number,
  { run, partitions }: Pick<Setup, 'run' | 'partitions'>,
): number | null {
  return run === null ? null : Math.floor(number / run) % partitions
}
