import type { ErrorCode } from '../errors.ts'
import { decode, Histogram, type LatencyMs, latencyMs } from '../latency/index.ts'
import type { Cell } from './cell.ts'
import type { Environment } from './environment.ts'
import type { CellStages } from './stages/stages-report.ts'
import { type Summary, summarize } from './statistics.ts'
import { isMeasured, type Trial, type TrialLength } from './trial.ts'
import type { TuneReport } from './tune/tune-report.ts'

export interface CellReport extends Cell {
  /** Why it was not run; null where it was. */
  readonly notApplicable: string | null
  /** In the order in which they ran. */
  readonly trials: readonly Trial[]
  /** Over the valid and saturated trials; null where there is none. */
  readonly messagesPerSecond: Summary | null
  /**
   * Its rate by that of its ceiling, over the pairs of both in one round, where both are valid. Null where there is
   * none, and for a ceiling itself.
   */
  readonly ofCeiling: Summary | null
  /** Of all messages and requests of the valid trials together; null at full speed, and where none is valid. */
  readonly latencyMs: LatencyMs | null
}

export interface Settings {
  readonly label: string | null
  /** Whether the figures come from an embedded cluster, which is not Kafka. */
  readonly embedded: boolean
  /** As given; null for an embedded cluster of this run's own. */
  readonly brokers: string | null
  /** Null: one for each trial. */
  readonly topic: string | null
  readonly length: TrialLength
  readonly warmupSeconds: number
  readonly repeat: number
  readonly seed: number
  readonly payloadFile: string | null
  /** Of what is in it, so far as it is sent; null without a file. */
  readonly payloadDigest: string | null
  /** Null: a line each. */
  readonly payloadDelimiter: string | null
  readonly payloadMonotonic: boolean
  readonly warmupMessages: number | null
  /** Null: outside of transactions. */
  readonly transactions: { readonly id: string; readonly seconds: number } | null
  readonly allowFailures: boolean
  /** Given ones, without secrets. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** What `--json` prints. */
export interface BenchReport {
  readonly schema: 'millrace.bench/1'
  readonly environment: Environment & Settings
  readonly cells: readonly CellReport[]
  /** What each layer that messages pass through costs, where that was measured. */
  readonly stages?: readonly CellStages[]
  /** The same cells run by another installation in between, where one was given. */
  readonly against?: {
    readonly folder: string
    readonly millrace: string
    readonly cells: readonly CellReport[]
  } | null
  /** What was searched and found, where it was to tune; its cells are then the configurations that were measured again. */
  readonly tune?: TuneReport | undefined
  /** Trials that are still to run; above 0 in what is written meanwhile, or where it was cut short. */
  readonly missingTrials: number
  /** What ended it before its time: `ABORTED` for Ctrl-C. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
  readonly exitCode: number
}

/** `ceiling`: the trials of its ceiling, round by round as its own. */
export function reportCell(
  cell: Cell,
  notApplicable: string | null,
  trials: readonly Trial[],
  ceiling: readonly Trial[] = [],
): CellReport {
  const rates = trials.filter(isMeasured).map(trial => trial.messagesPerSecond)
  const shares = trials.flatMap((trial, round) => {
    const other = ceiling[round]
    return isMeasured(trial) && other?.state === 'valid'
      ? [trial.messagesPerSecond / other.messagesPerSecond]
      : []
  })
  return {
    ...cell,
    notApplicable,
    trials,
    messagesPerSecond: summarize(rates),
    ofCeiling: summarize(shares),
    latencyMs: latencyOf(trials),
  }
}

function latencyOf(trials: readonly Trial[]): LatencyMs | null {
  const all = new Histogram()
  let requests = 0
  for (const { state, histogram, distinctRequests } of trials) {
    // another installation may not know of it
    if (state !== 'valid' || typeof histogram !== 'string') continue
    all.merge(decode(histogram))
    requests += distinctRequests ?? 0
  }
  return latencyMs(all, requests)
}
