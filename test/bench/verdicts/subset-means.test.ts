import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EXACT_UP_TO, leastP, SubsetMeans } from '../../../src/bench/verdicts/subset-means.ts'
import { normals } from './synthetic.ts'

/** The test as it is told in books: every choice of signs, counted. */
function bySigns(differences: readonly number[]): number {
  const observed = differences.reduce((sum, value) => sum + value, 0)
  let asFar = 0
  for (let signs = 0; signs < 2 ** differences.length; signs++) {
    const sum = differences.reduce((total, value, at) => total + ((signs >> at) & 1 ? -value : value), 0)
    if (Math.abs(sum) >= Math.abs(observed)) asFar++
  }
  return asFar / 2 ** differences.length
}

test.each([1, 2, 5, 6, EXACT_UP_TO, EXACT_UP_TO + 1, 40])('leastP of %i is that of one sign', count => {
  const alike = Array.from({ length: count }, (_, at) => 1 + at / 100)
  expect(new SubsetMeans(alike, 1).pEither()).toBe(leastP(count))
})

describe('SubsetMeans', () => {
  test('p is that of counting all choices of signs', () => {
    fc.assert(
      // whole numbers: sums in another order are the same
      fc.property(
        fc.array(fc.integer({ min: -50, max: 50 }), { minLength: 1, maxLength: 9 }),
        differences => {
          expect(new SubsetMeans(differences, 1).pEither()).toBeCloseTo(Math.min(1, bySigns(differences)), 12)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('the interval holds 0 exactly where p is above alpha', () => {
    const normal = normals(5)
    for (let run = 0; run < 100; run++) {
      const differences = Array.from({ length: 8 }, () => 0.6 + normal())
      const means = new SubsetMeans(differences, 1)
      const interval = means.interval(0.05)
      const inside = interval !== null && interval.low <= 0 && interval.high >= 0
      expect(inside).toBe(means.pEither() > 0.05)
    }
  })

  test.each([
    [5, null],
    [6, { low: 1, high: 6 }],
  ])('with %i differences', (count, interval) => {
    const differences = Array.from({ length: count }, (_, at) => at + 1)
    expect(new SubsetMeans(differences, 1).interval(0.05)).toEqual(interval)
  })

  test('beyond all subsets, random ones of a seed come close', () => {
    const normal = normals(2)
    const differences = Array.from({ length: EXACT_UP_TO }, () => 0.4 + normal())
    const exact = new SubsetMeans(differences, 1)
    // one that says nothing makes the number too large for all subsets
    const drawn = new SubsetMeans([...differences, 0.4], 1)
    expect(drawn.pEither()).toBeCloseTo(exact.pEither(), 1)
    expect(drawn.pEither()).toBe(new SubsetMeans([...differences, 0.4], 1).pEither())
    expect(drawn.interval(0.05)?.low).toBeCloseTo(exact.interval(0.05)?.low as number, 1)
    expect(drawn.interval(0.05)).not.toEqual(new SubsetMeans([...differences, 0.4], 2).interval(0.05))
  })

  test('intervals of random subsets hold the effect as often as they say', () => {
    const normal = normals(3)
    const runs = 300
    let held = 0
    for (let run = 0; run < runs; run++) {
      const { low, high } = new SubsetMeans(
        Array.from({ length: 25 }, () => 0.3 + normal()),
        run,
      ).interval(0.05) as { low: number; high: number }
      if (low <= 0.3 && high >= 0.3) held++
    }
    // 95 %, give or take three standard deviations
    expect(held / runs).toBeGreaterThan(0.912)
    expect(held / runs).toBeLessThan(0.988)
  })
})
