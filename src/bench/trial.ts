import type { Properties } from '../client/producer-client.ts'
import type { LatencyMs } from '../latency/index.ts'
import type { Busy } from './busy.ts'
import type { Cell } from './cell.ts'
import type { BrokerCost } from './local-broker/local-broker.ts'
import type { PartOfTrial } from './processes/company.ts'
import type { InnerStage } from './stages/stage.ts'

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
  /** Of the file's payloads; absent: whatever is in it. */
  readonly payloadDigest?: string | undefined
  readonly seed: number
  readonly allowFailures: boolean
  /** Absent: a line each. */
  readonly payloadDelimiter?: string | undefined
  /** Payloads are numbers from 0 on, as text, instead of what is above. */
  readonly payloadMonotonic?: boolean | undefined
  /** Until so many messages are acknowledged the window does not begin. */
  readonly warmupMessages?: number | undefined
  /** Absent: outside of transactions. */
  readonly transactions?: TransactionsSpec | undefined
  /** How often the trial tells how it goes on; absent: never. */
  readonly reportingSeconds?: number | undefined
  /** Whether librdkafka's last statistics are wanted. */
  readonly metrics?: boolean | undefined
  /** How far messages go; absent: all the way. */
  readonly stage?: InnerStage | undefined
}

export interface TransactionsSpec {
  /** The transactional.id; with several producers each adds its number. */
  readonly id: string
  /** How long each takes until its commit begins. */
  readonly seconds: number
  /** Whether the cluster writes a marker into each partition that a transaction wrote to. The embedded one does not. */
  readonly marked: boolean
}

/** What other versions may not know, by field and option. */
export const newerOptions = [
  ['payloadDelimiter', 'payload-delimiter'],
  ['payloadMonotonic', 'payload-monotonic'],
  ['warmupMessages', 'warmup-messages'],
  ['transactions', 'transactional-id'],
  ['reportingSeconds', 'reporting-interval'],
  ['metrics', 'print-metrics'],
] as const satisfies readonly (readonly [keyof TrialSpec, string])[]

/** Those of them that were asked for, so that another version can be told that it took no notice. */
export function tookOf(spec: TrialSpec): string[] {
  return newerOptions.flatMap(([field, option]) => (spec[field] === undefined ? [] : [option]))
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
  /** What of the latencies was acknowledged when: from the window's start, without gaps. */
  readonly latencyOverTime: readonly LatencyPoint[] | null
  /** By how many messages what was due and had not ended grew over the window. */
  readonly backlogGrowth: number | null
}

/** The messages that were acknowledged within a part of the window, or after it. */
export interface LatencyPoint {
  /** When the part begins, in seconds from the window's start. */
  readonly second: number
  /** Its length. */
  readonly seconds: number
  readonly count: number
  /** In ms, from when each message was due; null where none was acknowledged then. */
  readonly p50: number | null
  /** Null below 100 messages, too. */
  readonly p99: number | null
  readonly max: number | null
}

/** What became of a trial's transactions, over its whole life. */
export interface TransactionFigures {
  readonly committed: number
  readonly aborted: number
  /** Part of failed. */
  readonly messagesAborted: number
  /** From when the last message of each had ended until the commit was answered. */
  readonly commitMs: { readonly p50: number; readonly max: number } | null
}

/** librdkafka's statistics, a line each: `brokers.host:9092/1.tx` and its value. */
export type Metrics = Readonly<Record<string, string | number | boolean | null>>

/** What was measured. Counts are of the trial's whole life, everything from `seconds` on of the window. */
export interface Figures extends OpenFigures {
  readonly threads: number
  /** Where they are several, times and memory are of all together, delays of the worst. */
  readonly processes: number
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  readonly possiblyPersisted: number
  /** By how much the topic's end offsets moved; null of one of several processes, which does not look. */
  readonly endOffsetsMoved: number | null
  /** What of that are markers of its transactions. */
  readonly transactionMarkers: number
  /** Messages in the log beyond the delivered: duplicates, or failed ones that are there all the same; null as above. */
  readonly beyondDelivered: number | null
  /** Null outside of transactions, and so of several processes: they would fence each other off. */
  readonly transactions: TransactionFigures | null
  /** librdkafka's last statistics of each producer by path, process after process; null where they were not asked for. */
  readonly metrics: readonly Metrics[] | null
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
  /** Of the cluster's processes; null where they are not all on this machine, or may not be read. Older results lack it. */
  readonly broker?: BrokerCost | null | undefined
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

/** How a trial goes on: what was acknowledged since the last time. */
export interface Progress {
  readonly seconds: number
  readonly messages: number
  /** 10^6 bytes of values. */
  readonly megabytes: number
  /** From when messages were due, or else from the call; null where it is not measured, or nothing was acknowledged. */
  readonly latencyMs: { readonly mean: number; readonly max: number } | null
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
  /** Which of the options that not every version has it took notice of. */
  readonly took?: readonly string[] | undefined
}
