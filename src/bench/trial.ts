import type { Properties } from '../client/producer-client.ts'
import type { LatencyMs } from '../latency/index.ts'
import type { Busy } from './busy.ts'
import type { Cell } from './cell.ts'
import type { PartOfTrial } from './processes/company.ts'

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

/** What only an asked rate has; all of it null at full speed. */
export interface OpenFigures {
  /** Messages a second that were offered within the window: what the generator made of the rate asked for. */
  readonly achievedRate: number | null
  /**
   * From when each message of the window was due to its acknowledgement; percentiles that the requests do not support are
   * null. Null as a whole at full speed, where it is the queue's depth over the rate and tells nothing of the cluster,
   * and where saturated.
   */
  readonly latencyMs: LatencyMs | null
  /** The same latencies, encoded. */
  readonly histogram: string | null
  /** In how many requests they were acknowledged, at least. */
  readonly distinctRequests: number | null
  /** How late the generator itself made its calls, though there was room; part of `latencyMs`. */
  readonly floorMs: { readonly p50: number; readonly p99: number; readonly max: number } | null
  readonly floorHistogram: string | null
  readonly lingerMs: number | null
  /** By how many messages what was due and had not ended grew over the window. */
  readonly backlogGrowth: number | null
}

/** What was measured. Counts are of the trial's whole life, everything from `seconds` on of the window. */
export interface Figures extends OpenFigures {
  readonly threads: number
  /** Where they are several, times and memory are of all together, delays of the worst. */
  readonly processes: number
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
  readonly cpuSeconds: { readonly user: number; readonly system: number }
  /** Of all threads together. */
  readonly gcMs: number
  /** By how much a 1 ms timer of the main thread was late. */
  readonly eventLoopDelayMs: { readonly p50: number; readonly p99: number }
  /** The same of the worst of the other threads; null where the main thread alone sends. */
  readonly threadDelayMs: { readonly p50: number; readonly p99: number } | null
  readonly peakRssBytes: number
  /** Messages in each produce request, on average; null without librdkafka's statistics, as in a window too short for them. */
  readonly batchMessages: number | null
  /** Produce requests, retries included. */
  readonly requestsPerSecond: number | null
  readonly busy: Busy
}

/**
 * What is to be said of a trial whose account holds. `saturated`: the rate asked for was not kept up with, so that
 * latencies would tell of the window's length. `disturbed`: its generator was held up, so that they tell of that.
 */
export interface Remark {
  readonly state: 'saturated' | 'disturbed'
  readonly why: string
}

/** A void trial is left out of every figure; one whose process died has none itself. */
export type Trial = { readonly order: number } & (
  | ({ readonly state: 'valid'; readonly why: null } & Figures)
  | (Remark & Figures)
  | ({ readonly state: 'void'; readonly why: string } & Partial<Figures>)
)

/** What counts for rates: of a saturated trial, what was carried is what was measured. */
export type MeasuredTrial = Extract<Trial, { state: 'valid' | 'saturated' }>

export function isMeasured(trial: Trial): trial is MeasuredTrial {
  return trial.state === 'valid' || trial.state === 'saturated'
}

/** What a trial's process answers. */
export interface TrialResult {
  readonly figures: Figures
  /** Empty: valid. */
  readonly faults: readonly string[]
  /** Absent: nothing. */
  readonly remark?: Remark | undefined
  readonly partitions: number
  readonly warnings: readonly string[]
  /** Where it was one of several processes; its account is judged together with theirs. */
  readonly part?: PartOfTrial | undefined
}
