import type { Settings } from '../peers/settings.ts'
import type { Outcome, Subject } from '../peers/trial.ts'
import type { Claim } from './claims.ts'
import type { Measure as MeasureOf } from './measure.ts'

/** What a line's trials are made of; plain data, recorded with the result. */
export interface Line {
  readonly name: string
  readonly title: string
  readonly cluster: 'embedded' | 'kafka'
  readonly settings: Settings
  /**
   * In the order of a round, which every second round has backwards: what is compared stands next to each other. A bare
   * loop's variant begins with `best`, for the polling that serves it best.
   */
  readonly subjects: Readonly<Record<string, Subject>>
  readonly measures: readonly Measure[]
}

/** One trial of each subject. */
export type Round = Readonly<Record<string, Outcome>>

export type Measure = MeasureOf<Round>

export function outcomeOf(round: Round, subject: string): Outcome {
  const outcome = round[subject]
  if (outcome === undefined) throw new Error(`the round has no ${subject}`)
  return outcome
}

/** The rate of one subject over that of another. */
export function rateRatio(of: string, to: string, claim?: Claim): Measure {
  return {
    what: `rate of ${of} / ${to}`,
    unit: 'times',
    ...(claim === undefined ? {} : { claim }),
    of: round => outcomeOf(round, of).messagesPerSecond / outcomeOf(round, to).messagesPerSecond,
  }
}

export function cpuRatio(of: string, to: string, claim?: Claim): Measure {
  return {
    what: `CPU a message of ${of} / ${to}`,
    unit: 'times',
    ...(claim === undefined ? {} : { claim }),
    of: round => outcomeOf(round, of).cpuSecondsPerMillion / outcomeOf(round, to).cpuSecondsPerMillion,
  }
}

export function rate(of: string): Measure {
  return { what: `rate of ${of}`, unit: 'msg/s', of: round => outcomeOf(round, of).messagesPerSecond }
}

export function cpu(of: string): Measure {
  return {
    what: `CPU of ${of}`,
    unit: 'CPU s per million',
    of: round => outcomeOf(round, of).cpuSecondsPerMillion,
  }
}
