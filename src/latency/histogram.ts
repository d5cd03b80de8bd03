import { MillraceError } from '../errors.ts'
import { BUCKETS, bucketOf, MAX_NANOSECONDS, middleOf } from './layout.ts'

/**
 * How often each latency occurred. Counts are exact; the latencies that come out, those of `mean` and `max` included, are
 * within 1/1024 of what went in. Histograms merge without loss: the order makes no difference, nor does who recorded what.
 */
export class Histogram {
  readonly #counts = new Float64Array(BUCKETS)
  #count = 0

  /** How many latencies were recorded. */
  get count(): number {
    return this.#count
  }

  /**
   * Below 0 counts as 0, above MAX_NANOSECONDS as that; parts of a nanosecond do not count.
   * @throws MillraceError USAGE for NaN
   */
  record(nanoseconds: number): void {
    this.#counts[bucketOf(withinRange(nanoseconds))]!++
    this.#count++
  }

  /**
   * Adds the counts of all buckets, as the addon exports them.
   * @throws MillraceError HISTOGRAM_LAYOUT where these are not its buckets, USAGE where they are no counts; nothing of them is added then
   */
  add(counts: Float64Array): void {
    if (counts.length !== BUCKETS)
      throw new MillraceError(
        'HISTOGRAM_LAYOUT',
        `A histogram has ${BUCKETS} buckets, not ${counts.length}`,
        {
          hint: 'Both sides have to be of the same version of millrace',
          context: { buckets: counts.length },
        },
      )
    let sum = this.#count
    for (const count of counts) {
      if (!Number.isSafeInteger(count) || count < 0)
        throw new MillraceError('USAGE', `A bucket cannot have a count of ${count}`)
      sum += count
    }
    if (!Number.isSafeInteger(sum)) throw new MillraceError('USAGE', 'A histogram counts up to 2^53 - 1')
    for (let bucket = 0; bucket < BUCKETS; bucket++) this.#counts[bucket]! += counts[bucket] as number
    this.#count = sum
  }

  /** Adds what another recorded, and leaves that as it is. */
  merge(other: Histogram): void {
    this.add(other.#counts)
  }

  /** The buckets that are not empty, from the least latency to the greatest. */
  *buckets(): Generator<{ bucket: number; nanoseconds: number; count: number }> {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const count = this.#counts[bucket] as number
      if (count > 0) yield { bucket, nanoseconds: middleOf(bucket), count }
    }
  }

  /**
   * The latency in nanoseconds that is at this place when all are sorted, the least being at 1.
   * @throws MillraceError USAGE where there is no such place
   */
  atRank(rank: number): number {
    if (!Number.isInteger(rank) || rank < 1 || rank > this.#count)
      throw new MillraceError('USAGE', `There are ${this.#count} latencies, and none at place ${rank}`)
    let below = 0
    let bucket = 0
    while (below + (this.#counts[bucket] as number) < rank) below += this.#counts[bucket++] as number
    return middleOf(bucket)
  }

  /** The greatest latency, in nanoseconds; null for none at all. */
  get max(): number | null {
    return this.#count === 0 ? null : this.atRank(this.#count)
  }

  /** In nanoseconds; null for none at all. */
  get mean(): number | null {
    if (this.#count === 0) return null
    let mean = 0
    // of shares, since a sum of many nanoseconds would leave the range of exact numbers
    for (const { nanoseconds, count } of this.buckets()) mean += nanoseconds * (count / this.#count)
    return mean
  }
}

function withinRange(nanoseconds: number): number {
  if (nanoseconds >= 0 && nanoseconds <= MAX_NANOSECONDS) return nanoseconds
  if (Number.isNaN(nanoseconds))
    throw new MillraceError('USAGE', 'A latency is a number of nanoseconds, not NaN')
  return nanoseconds < 0 ? 0 : MAX_NANOSECONDS
}
