import type { ErrorCode } from '../errors.ts'
import type { Cell } from './cell.ts'
import type { Environment } from './environment.ts'
import { type Summary, summarize } from './statistics.ts'
import type { Trial, TrialLength } from './trial.ts'

export interface CellReport extends Cell {
  /** Why it was not run; null where it was. */
  readonly notApplicable: string | null
  /** In the order in which they ran. */
  readonly trials: readonly Trial[]
  /** Over the valid trials; null where there is none. */
  readonly messagesPerSecond: Summary | null
  /** There is no ceiling to compare with. */
  readonly ofCeiling: null
}

export interface Settings {
  readonly label: string | null
  /** Whether the figures come from an embedded cluster, which is not Kafka. */
  readonly embedded: boolean
  /** As given; null for an embedded cluster. */
  readonly brokers: string | null
  /** Null: one for each trial. */
  readonly topic: string | null
  readonly length: TrialLength
  readonly warmupSeconds: number
  readonly repeat: number
  readonly seed: number
  readonly payloadFile: string | null
  readonly allowFailures: boolean
  /** Given ones, without secrets. */
  readonly properties: Readonly<Record<string, unknown>>
}

/** What `--json` prints. */
export interface BenchReport {
  readonly schema: 'millrace.bench/1'
  readonly environment: Environment & Settings
  readonly cells: readonly CellReport[]
  /** The same cells run by another installation in between, where one was given. */
  readonly against?: {
    readonly folder: string
    readonly millrace: string
    readonly cells: readonly CellReport[]
  } | null
  /** Trials that are still to run; above 0 in what is written meanwhile, or where it was cut short. */
  readonly missingTrials: number
  /** What ended it before its time: `ABORTED` for Ctrl-C. */
  readonly error: { readonly code: ErrorCode; readonly message: string } | null
  readonly exitCode: number
}

export function reportCell(cell: Cell, notApplicable: string | null, trials: readonly Trial[]): CellReport {
  const valid = trials.flatMap(trial => (trial.state === 'valid' ? [trial.messagesPerSecond] : []))
  return { ...cell, notApplicable, trials, messagesPerSecond: summarize(valid), ofCeiling: null }
}
