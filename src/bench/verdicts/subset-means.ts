import { seeded } from '../random.ts'

/** Up to so many differences all subsets are taken: 65,535. */
export const EXACT_UP_TO = 16
/** Random subsets beyond that. */
const SUBSETS = 9999

/** The least that `pEither` can be with so many differences: where all of them have one sign. */
export function leastP(differences: number): number {
  return 2 / (differences <= EXACT_UP_TO ? 2 ** differences : SUBSETS + 1)
}

/**
 * The paired permutation test, and the interval that belongs to it. Where there is no effect, each
 * difference is as likely to have the other sign. Turning the signs of the subset S makes the mean as large
 * as it is, or larger, exactly where S itself has a mean of 0 or less; so the sorted means of all subsets
 * hold the p-values against every assumed effect, and their outer ones bound it. Assumes independent
 * differences, spread symmetrically; no normal distribution.
 */
export class SubsetMeans {
  readonly #sorted: Float64Array

  /** `seed` decides where there are too many subsets to take them all. */
  constructor(differences: readonly number[], seed: number) {
    this.#sorted =
      differences.length <= EXACT_UP_TO ? ofAllSubsets(differences) : ofRandomSubsets(differences, seed)
    this.#sorted.sort()
  }

  /** How likely means this high are, or higher, if the effect were `effect` or less. */
  pAbove(effect: number): number {
    return (1 + this.#countBelow(effect, true)) / this.#places
  }

  /** How likely means this low are, or lower, if the effect were `effect` or more. */
  pBelow(effect: number): number {
    return (1 + this.#sorted.length - this.#countBelow(effect, false)) / this.#places
  }

  /** How likely means this far from 0 are, on either side, if there were no effect. */
  pEither(): number {
    return Math.min(1, 2 * Math.min(this.pAbove(0), this.pBelow(0)))
  }

  /** Holds the effect with a probability of 1 - `alpha`; null where there are too few differences for that. */
  interval(alpha: number): { readonly low: number; readonly high: number } | null {
    const outside = Math.floor((alpha / 2) * this.#places)
    const low = this.#sorted[outside - 1]
    const high = this.#sorted[this.#sorted.length - outside]
    return low === undefined || high === undefined ? null : { low, high }
  }

  /** The effect is equally likely to be in each of the places between the means, and outside of them. */
  get #places(): number {
    return this.#sorted.length + 1
  }

  #countBelow(effect: number, orEqual: boolean): number {
    let from = 0
    let to = this.#sorted.length
    while (from < to) {
      const middle = (from + to) >> 1
      const mean = this.#sorted[middle] as number
      if (mean < effect || (orEqual && mean === effect)) from = middle + 1
      else to = middle
    }
    return from
  }
}

function ofAllSubsets(differences: readonly number[]): Float64Array {
  const count = 2 ** differences.length
  const sums = new Float64Array(count)
  const means = new Float64Array(count - 1)
  for (let subset = 1; subset < count; subset++) {
    const highest = 31 - Math.clz32(subset)
    sums[subset] = (sums[subset - 2 ** highest] as number) + (differences[highest] as number)
    means[subset - 1] = (sums[subset] as number) / bitCount(subset)
  }
  return means
}

function ofRandomSubsets(differences: readonly number[], seed: number): Float64Array {
  const random = seeded(seed)
  const means = new Float64Array(SUBSETS)
  for (let at = 0; at < SUBSETS; ) {
    let sum = 0
    let size = 0
    let bits = 0
    for (let index = 0; index < differences.length; index++) {
      if (index % 32 === 0) bits = random()
      if ((bits & 1) === 1) {
        sum += differences[index] as number
        size++
      }
      bits >>>= 1
    }
    if (size > 0) means[at++] = sum / size
  }
  return means
}

function bitCount(value: number): number {
  let count = 0
  for (let rest = value; rest !== 0; rest &= rest - 1) count++
  return count
}
