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

function meets(claim: Claim, value: number): boolean {
  return 'atLeast' in claim ? value >= claim.atLeast : value <= claim.atMost
}
