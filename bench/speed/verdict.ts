import type { Summary } from '../../src/bench/statistics.ts'
import type { Claim } from './claims.ts'

export type Verdict = 'met' | 'not met' | 'not shown'

/**
 * A claim is met where all of the interval meets it, and not met where none of it does. Too few pairs for an interval,
 * and what could not be measured, show nothing.
 */
export function verdictOf(claim: Claim, { low, high, method }: Summary): Verdict {
  if (method === 'range' || Number.isNaN(low) || Number.isNaN(high)) return 'not shown'
  const [worse, better] = 'atLeast' in claim ? [low, high] : [high, low]
  if (meets(claim, worse)) return 'met'
  return meets(claim, better) ? 'not shown' : 'not met'
}

/** Fewer trials than this do not bear out a bound. */
const ENOUGH_WITHIN = 3

/** A claim that every trial has to meet: one beyond it refutes it. */
export function boundVerdictOf(claim: Claim, values: readonly number[]): Verdict {
  if (values.some(value => !Number.isNaN(value) && !meets(claim, value))) return 'not met'
  return values.some(Number.isNaN) || values.length < ENOUGH_WITHIN ? 'not shown' : 'met'
}

function meets(claim: Claim, value: number): boolean {
  return 'atLeast' in claim ? value >= claim.atLeast : value <= claim.atMost
}
