import type { Histogram } from '../latency/index.ts'

/**
 * When more than one call in a hundred was this late though there was room, the percentiles from p99 on tell of this
 * process, not of what it sends to. Timers of Node and short collections of garbage stay below; a starved process does not.
 */
const LATE = { ms: 10, share: 0.01 } as const

/** How the generator disturbed its own measurement; undefined where it did not. */
export function disturbanceOf(lateness: Histogram): string | undefined {
  let late = 0
  for (const { nanoseconds, count } of lateness.buckets()) if (nanoseconds > LATE.ms * 1e6) late += count
  if (late <= LATE.share * lateness.count) return undefined
  const percent = ((late / lateness.count) * 100).toPrecision(2)
  return `${Number(percent)} % of the calls were made more than ${LATE.ms} ms late, though there was room: the generator was held up`
}
