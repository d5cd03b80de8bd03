import fc from 'fast-check'
import { Histogram } from '../../src/latency/index.ts'

/** Latencies in whole nanoseconds, as likely in each octave, and the edges of buckets. */
export const nanoseconds: fc.Arbitrary<number> = fc.oneof(
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }))
    .map(([octave, part]) => Math.floor(2 ** octave * (1 + part))),
  fc
    .tuple(
      fc.integer({ min: 0, max: 43 }),
      fc.integer({ min: 0, max: 1024 }),
      fc.integer({ min: -1, max: 1 }),
    )
    .map(([shift, part, off]) => Math.min(Math.max(2 ** shift * part + off, 0), Number.MAX_SAFE_INTEGER)),
)

export function histogramOf(values: Iterable<number>): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}
