import type { Histogram } from './histogram.ts'

/** Each percentile, and of how many latencies one is beyond it. */
export const PERCENTILES = { p50: 2, p95: 20, p99: 100, p999: 1000, p9999: 10_000 } as const

export type Percentile = keyof typeof PERCENTILES

/** A percentile is shown only with at least so many distinct requests beyond it: with fewer it says more about chance. */
export const LEAST_BEYOND = 10

const names = Object.keys(PERCENTILES) as Percentile[]

/**
 * The percentiles that so many distinct requests support. Messages of one request are acknowledged together, so that their
 * latencies are one observation: requests count, not messages.
 */
export function supportedPercentiles(distinctRequests: number): Percentile[] {
  return names.filter(name => distinctRequests >= LEAST_BEYOND * PERCENTILES[name])
}

/** The latency in nanoseconds that all but one in so many do not exceed (nearest rank); null for no latencies at all. */
export function percentile(histogram: Histogram, name: Percentile): number | null {
  const { count } = histogram
  if (count === 0) return null
  return histogram.atRank(count - Math.floor(count / PERCENTILES[name]))
}

/** Milliseconds, null for percentiles that the requests do not support; null for no latencies at all. */
export type LatencyMs = Readonly<Record<Percentile, number | null>> & { readonly max: number }

export function latencyMs(histogram: Histogram, distinctRequests: number): LatencyMs | null {
  const { max } = histogram
  if (max === null) return null
  const supported = new Set(supportedPercentiles(distinctRequests))
  const shown = (name: Percentile) => {
    const nanoseconds = supported.has(name) ? percentile(histogram, name) : null
    return nanoseconds === null ? null : nanoseconds / 1e6
  }
  return {
    p50: shown('p50'),
    p95: shown('p95'),
    p99: shown('p99'),
    p999: shown('p999'),
    p9999: shown('p9999'),
    max: max / 1e6,
  }
}
