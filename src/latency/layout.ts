// The buckets, the same as in src/native/histogram.h, where it says why they are so: from 512 ns on, each octave has
// 512 of equal width; below, each nanosecond has its own.

const OCTAVE_BITS = 9
const RANGE_BITS = 53
const OCTAVE = 1 << OCTAVE_BITS

/** How many buckets there are. */
export const BUCKETS = (RANGE_BITS - OCTAVE_BITS + 1) * OCTAVE

/** The greatest latency that has a bucket, in nanoseconds: 104 days. Greater ones count as this. */
export const MAX_NANOSECONDS = 2 ** RANGE_BITS - 1

/** A bucket's middle is within this part of each of its values. */
export const RELATIVE_ERROR = 1 / (2 * OCTAVE)

/** Names the layout in encoded histograms: unit, bits of an octave, bits of the range. */
export const LAYOUT = `ns.${OCTAVE_BITS}.${RANGE_BITS}`

/** The bucket of a latency from 0 to MAX_NANOSECONDS; parts of a nanosecond do not count. */
export function bucketOf(nanoseconds: number): number {
  if (nanoseconds < 2 ** 32) {
    // the shift that leaves ten bits, of which the first is the octave's own
    const shift = 31 - OCTAVE_BITS - Math.clz32(nanoseconds | OCTAVE)
    return shift * OCTAVE + (nanoseconds >>> shift)
  }
  const shift = 63 - OCTAVE_BITS - Math.clz32(nanoseconds / 2 ** 32)
  return shift * OCTAVE + Math.floor(nanoseconds / 2 ** shift)
}

/** The middle of a bucket's values, in nanoseconds. */
export function middleOf(bucket: number): number {
  if (bucket < 2 * OCTAVE) return bucket
  const shift = (bucket >>> OCTAVE_BITS) - 1
  const width = 2 ** shift
  return (bucket - shift * OCTAVE) * width + (width - 1) / 2
}
