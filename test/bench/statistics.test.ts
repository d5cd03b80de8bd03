import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { narrowestInterval, summarize } from '../../src/bench/statistics.ts'

describe('summarize', () => {
  test.each([
    ['one value', [7], { median: 7, low: 7, high: 7, method: 'range', coverage: null }],
    ['two', [4, 1], { median: 2.5, low: 1, high: 4, method: 'range', coverage: null }],
    ['five', [5, 3, 1, 4, 2], { median: 3, low: 1, high: 5, method: 'range', coverage: null }],
    [
      'six',
      [6, 5, 4, 3, 2, 1],
      { median: 3.5, low: 1, high: 6, method: 'order-statistic', coverage: 0.96875 },
    ],
    [
      'nine leave out the outermost',
      [90, 10, 80, 20, 70, 30, 60, 40, 50],
      { median: 50, low: 20, high: 80, method: 'order-statistic', coverage: 0.9609375 },
    ],
  ] as const)('%s', (_, values, expected) => {
    expect(summarize(values)).toEqual(expected)
  })

  test('no values have no summary', () => {
    expect(summarize([])).toBeNull()
  })

  test('low <= median <= high, and the order of values does not matter', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1e6 }), { minLength: 1, maxLength: 60 }), values => {
        const summary = summarize(values)
        expect(summary).toEqual(summarize([...values].reverse()))
        expect(summary?.low).toBeLessThanOrEqual(summary?.median ?? Number.NaN)
        expect(summary?.high).toBeGreaterThanOrEqual(summary?.median ?? Number.NaN)
      }),
    )
  })
})

// ranks from tables of the binomial distribution
describe('narrowestInterval', () => {
  test.each([
    [6, 1, 0.96875],
    [7, 1, 0.984375],
    [8, 1, 0.9921875],
    [9, 2, 0.9609375],
    [10, 2, 0.978516],
    [15, 4, 0.964844],
    [20, 6, 0.958611],
    [30, 10, 0.957226],
    [100, 40, 0.9648],
  ])('of %i values: rank %i', (count, rank, coverage) => {
    const interval = narrowestInterval(count)
    expect(interval.rank).toBe(rank)
    expect(interval.coverage).toBeCloseTo(coverage, 4)
  })
})
