/** A median with an interval, and how that was found. */
export interface Summary {
  readonly median: number
  readonly low: number
  readonly high: number
  /**
   * `range`: the least and the greatest value; says nothing of how sure that is.
   * `order-statistic`: holds the true median with probability `coverage`, whatever the distribution.
   */
  readonly method: 'range' | 'order-statistic'
  /** Null with `range`. */
  readonly coverage: number | null
}

/** Below this no pair of values holds the median with 95 %. */
const ENOUGH = 6
const WANTED_COVERAGE = 0.95

/** Null for no values at all. */
export function summarize(values: readonly number[]): Summary | null {
  if (values.length === 0) return null
  const sorted = [...values].sort((a, b) => a - b)
  const median = medianOf(sorted)
  const first = sorted[0] as number
  const last = sorted.at(-1) as number
  if (sorted.length < ENOUGH) return { median, low: first, high: last, method: 'range', coverage: null }
  const { rank, coverage } = narrowestInterval(sorted.length)
  return {
    median,
    low: sorted[rank - 1] as number,
    high: sorted[sorted.length - rank] as number,
    method: 'order-statistic',
    coverage,
  }
}

export function medianOf(sorted: readonly number[]): number {
  const middle = sorted.length >> 1
  const upper = sorted[middle] as number
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2
}

/**
 * The largest rank k whose interval, from the k-th least to the k-th greatest of `count` values, holds
 * the median with at least 95 %: each value is below the median with one half, so that misses are binomial.
 */
export function narrowestInterval(count: number): { rank: number; coverage: number } {
  let probability = 0.5 ** count
  let below = probability
  let best = { rank: 1, coverage: 1 - 2 * below }
  for (let rank = 2; rank <= count / 2; rank++) {
    probability *= (count - rank + 2) / (rank - 1)
    below += probability
    const coverage = 1 - 2 * below
    if (coverage < WANTED_COVERAGE) break
    best = { rank, coverage }
  }
  return best
}
