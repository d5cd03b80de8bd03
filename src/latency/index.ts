export { nanoseconds, now } from './clock.ts'
export { decode, encode } from './encoding.ts'
export { Histogram } from './histogram.ts'
export { BUCKETS, MAX_NANOSECONDS, RELATIVE_ERROR } from './layout.ts'
export {
  type LatencyMs,
  LEAST_BEYOND,
  latencyMs,
  PERCENTILES,
  type Percentile,
  percentile,
  supportedPercentiles,
} from './percentiles.ts'
