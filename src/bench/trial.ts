import type { Properties } from '../client/producer-client.ts'
import type { Cell } from './cell.ts'

/** Everything a trial's process has to know; plain data, sent to it. */
export interface TrialSpec {
  readonly cell: Cell
  readonly topic: string
  /** Checked, with bootstrap.servers and without what the cell sets. */
  readonly properties: Properties
  readonly warmupSeconds: number
  readonly length: TrialLength
  /** Absent: random payloads. */
  readonly payloadFile?: string | undefined
  readonly seed: number
  readonly allowFailures: boolean
}

/** A window of time, or until so many messages are delivered. */
export type TrialLength = { readonly seconds: number } | { readonly messages: number }

/** What was measured. Counts are of the trial's whole life, everything from `seconds` on of the window. */
export interface Figures {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  /** Length of the window. */
  readonly seconds: number
  /** Acknowledged within the window / its length. */
  readonly messagesPerSecond: number
  /** 10^6 bytes of values. */
  readonly megabytesPerSecond: number
  /** Null: at full speed it is the queue's depth over the rate, and tells nothing of the cluster. */
  readonly latencyMs: null
  readonly cpuSeconds: { readonly user: number; readonly system: number }
  readonly gcMs: number
  /** By how much a 1 ms timer was late. */
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number }
  readonly peakRssBytes: number
}

/** A void trial is left out of every figure; one whose process died has none itself. */
export type Trial = { readonly order: number } & (
  | ({ readonly state: 'valid'; readonly why: null } & Figures)
  | ({ readonly state: 'void'; readonly why: string } & Partial<Figures>)
)

/** What a trial's process answers. */
export interface TrialResult {
  readonly figures: Figures
  /** Empty: valid. */
  readonly faults: readonly string[]
  readonly partitions: number
  readonly warnings: readonly string[]
}
