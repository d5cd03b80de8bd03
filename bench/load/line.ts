import type { Claim } from '../speed/claims.ts'
import type { Measure as MeasureOf } from '../speed/measure.ts'
import type { InputSpec } from './inputs.ts'

/** A line of the table: whole commands side by side; plain data but for its measures, recorded with the result. */
export interface Line {
  readonly name: string
  readonly title: string
  /** Made before its first trial, and removed after its last. */
  readonly inputs: Readonly<Record<string, InputSpec>>
  /** In the order of a round, which every second round has backwards: what is compared stands next to each other. */
  readonly subjects: Readonly<Record<string, Subject>>
  readonly measures: readonly Measure[]
  /** No more rounds than this, however many pairs are asked for. */
  readonly mostRounds?: number
}

/** One command, from its start to its end. */
export interface Subject {
  /** The name of one of the line's inputs. */
  readonly input: string
  /**
   * The words of the command, run in the input's folder: `@millrace` and `@kcat` stand for the words that start them,
   * `@brokers` and `@topic` for those of the trial, `@input` for the names of the input's files.
   */
  readonly command: readonly string[]
  /** Has the greatest resident memory of the process looked for, which costs a little. */
  readonly watchMemory?: true
}

export interface Outcome {
  /** Of the whole command, from its start to its end. */
  readonly seconds: number
  readonly recordsPerSecond: number
  /** Of the command with all that it started, over its whole life. NaN where there is no Linux. */
  readonly cpuSecondsPerMillion: number
  /** Null where nobody looked. */
  readonly peakRssMegabytes: number | null
  /** What millrace tells of the load itself, without the start of Node.js; null for others. */
  readonly load: { readonly seconds: number; readonly recordsPerSecond: number } | null
}

/** One trial of each subject. */
export type Round = Readonly<Record<string, Outcome>>

export type Measure = MeasureOf<Round>

export function outcomeOf(round: Round, subject: string): Outcome {
  const outcome = round[subject]
  if (outcome === undefined) throw new Error(`the round has no ${subject}`)
  return outcome
}

export function rate(of: string, claim?: Claim): Measure {
  return {
    what: `rate of ${of}`,
    unit: 'records/s',
    ...(claim === undefined ? {} : { claim }),
    of: round => outcomeOf(round, of).recordsPerSecond,
  }
}

/** Without the start and the end of the command. */
export function ownRate(of: string): Measure {
  return {
    what: `rate of ${of} by its own account`,
    unit: 'records/s',
    of: round => outcomeOf(round, of).load?.recordsPerSecond ?? Number.NaN,
  }
}

export function rateRatio(of: string, to: string, claim?: Claim): Measure {
  return {
    what: `rate of ${of} / ${to}`,
    unit: 'times',
    ...(claim === undefined ? {} : { claim }),
    of: round => outcomeOf(round, of).recordsPerSecond / outcomeOf(round, to).recordsPerSecond,
  }
}

export function cpu(of: string): Measure {
  return {
    what: `CPU of ${of}`,
    unit: 'CPU s per million',
    of: round => outcomeOf(round, of).cpuSecondsPerMillion,
  }
}

export function cpuRatio(of: string, to: string, claim?: Claim): Measure {
  return {
    what: `CPU a record of ${of} / ${to}`,
    unit: 'times',
    ...(claim === undefined ? {} : { claim }),
    of: round => outcomeOf(round, of).cpuSecondsPerMillion / outcomeOf(round, to).cpuSecondsPerMillion,
  }
}

export function time(of: string): Measure {
  return { what: `time of ${of}`, unit: 's', of: round => outcomeOf(round, of).seconds }
}

export function timeRatio(of: string, to: string, claim: Claim): Measure {
  return {
    what: `time of ${of} / ${to}`,
    unit: 'times',
    claim,
    of: round => outcomeOf(round, of).seconds / outcomeOf(round, to).seconds,
  }
}

/** A bound: no trial may be beyond it. */
export function peakRss(of: string, claim: Claim): Measure {
  return {
    what: `peak RSS, ${of}`,
    unit: 'MB',
    claim,
    isBound: true,
    of: round => outcomeOf(round, of).peakRssMegabytes ?? Number.NaN,
  }
}
