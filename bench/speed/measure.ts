import { type Summary, summarize } from '../../src/bench/statistics.ts'
import type { Claim } from './claims.ts'
import { boundVerdictOf, type Verdict, verdictOf } from './verdict.ts'

export type Unit = 'times' | 'msg/s' | 'records/s' | 'CPU s per million' | 'ms' | 's' | 'MB'

/** A figure of each round; over all rounds its median and interval are shown, and held against the claim. */
export interface Measure<Round> {
  readonly what: string
  readonly unit: Unit
  /** Absent: for information. */
  readonly claim?: Claim
  /** The claim is of every round, not of their median. */
  readonly isBound?: true
  of(round: Round): number
}

export interface Measured {
  readonly what: string
  readonly unit: Unit
  readonly claim: Claim | null
  readonly summary: Summary
  /** Null: for information. */
  readonly verdict: Verdict | null
}

/** @throws Error where there was no round */
export function measuredOf<Round>(measure: Measure<Round>, rounds: readonly Round[]): Measured {
  const { what, unit, claim, isBound } = measure
  const values = rounds.map(round => measure.of(round))
  const summary = summarize(values)
  if (summary === null) throw new Error('a line needs at least one pair')
  if (claim === undefined) return { what, unit, claim: null, summary, verdict: null }
  const verdict = isBound === true ? boundVerdictOf(claim, values) : verdictOf(claim, summary)
  return { what, unit, claim, summary, verdict }
}
