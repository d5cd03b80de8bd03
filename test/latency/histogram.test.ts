import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MillraceError } from '../../src/errors.ts'
import { BUCKETS, encode, Histogram, MAX_NANOSECONDS, RELATIVE_ERROR } from '../../src/latency/index.ts'
import { bucketOf, middleOf } from '../../src/latency/layout.ts'
import { histogramOf, nanoseconds } from './support.ts'

describe('buckets', () => {
  test.each([
    [0, 0],
    [1, 1],
    [1023, 1023],
    [1024, 1024],
    [1025, 1024],
    [1026, 1025],
    [2047, 1535],
    [2048, 1536],
    [2 ** 32 - 1, 24 * 512 - 1],
    [2 ** 32, 24 * 512],
    [MAX_NANOSECONDS, BUCKETS - 1],
  ])('%d ns is in bucket %d', (value, bucket) => {
    expect(bucketOf(value)).toBe(bucket)
  })

  test('each holds its own middle, and none is left out', () => {
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      const middle = middleOf(bucket)
      if (bucketOf(middle) !== bucket)
        expect.fail(`${middle} is in bucket ${bucketOf(middle)}, not ${bucket}`)
    }
  })

  test('the middle is within the stated error, and greater latencies have no lesser bucket', () => {
    fc.assert(
      fc.property(nanoseconds, nanoseconds, (a, b) => {
        expect(Math.abs(middleOf(bucketOf(a)) - a)).toBeLessThanOrEqual(a * RELATIVE_ERROR)
        expect(Math.sign(bucketOf(a) - bucketOf(b)) * Math.sign(a - b)).toBeGreaterThanOrEqual(0)
      }),
    )
  })
})

describe('recording', () => {
  test.each([
    ['before it was due', -1, 0],
    ['longer ago than anything', Number.NEGATIVE_INFINITY, 0],
    ['a part of a nanosecond', 0.9, 0],
    ['parts of a nanosecond, past 32 bits', 2 ** 33 + 0.5, 2 ** 33],
    ['beyond the range', 2 ** 60, MAX_NANOSECONDS],
    ['never', Number.POSITIVE_INFINITY, MAX_NANOSECONDS],
  ])('%s', (_, given, counted) => {
    expect(encode(histogramOf([given]))).toBe(encode(histogramOf([counted])))
  })

  test('NaN is no latency', () => {
    const histogram = new Histogram()
    expect(() => histogram.record(Number.NaN)).toThrow(
      expect.objectContaining({ constructor: MillraceError, code: 'USAGE' }),
    )
    expect(histogram.count).toBe(0)
  })

  test('each rank, the greatest and the mean are within the stated error of the exact ones', () => {
    fc.assert(
      fc.property(fc.array(nanoseconds, { minLength: 1, maxLength: 50 }), values => {
        const histogram = histogramOf(values)
        const sorted = [...values].sort((a, b) => a - b)
        expect(histogram.count).toBe(values.length)
        for (const [index, exact] of sorted.entries())
          expect(Math.abs(histogram.atRank(index + 1) - exact)).toBeLessThanOrEqual(exact * RELATIVE_ERROR)
        const greatest = sorted.at(-1) as number
        expect(Math.abs((histogram.max as number) - greatest)).toBeLessThanOrEqual(greatest * RELATIVE_ERROR)
        const mean = values.reduce((sum, value) => sum + value / values.length, 0)
        // what the exact mean itself loses in rounding
        const rounding = mean * 1e-12
        expect(Math.abs((histogram.mean as number) - mean)).toBeLessThanOrEqual(
          mean * RELATIVE_ERROR + rounding,
        )
      }),
    )
  })

  test('nothing recorded has no greatest, no mean and no ranks', () => {
    const histogram = new Histogram()
    expect([histogram.count, histogram.max, histogram.mean]).toEqual([0, null, null])
  })

  test.each([0, -1, 1.5, 4, Number.NaN])('there is no rank %d of three', rank => {
    expect(() => histogramOf([1, 2, 3]).atRank(rank)).toThrow(
      expect.objectContaining({ constructor: MillraceError, code: 'USAGE' }),
    )
  })
})

describe('merging', () => {
  test('gives what one histogram of both would have, and leaves the other as it is', () => {
    fc.assert(
      fc.property(fc.array(nanoseconds), fc.array(nanoseconds), (a, b) => {
        const merged = histogramOf(a)
        const other = histogramOf(b)
        merged.merge(other)
        expect(encode(merged)).toBe(encode(histogramOf([...a, ...b])))
        expect(merged.count).toBe(a.length + b.length)
        expect(encode(other)).toBe(encode(histogramOf(b)))
      }),
      { numRuns: 30 },
    )
  })

  test('with itself counts everything twice', () => {
    const histogram = histogramOf([1, 2, 2000])
    histogram.merge(histogram)
    expect(encode(histogram)).toBe(encode(histogramOf([1, 2, 2000, 1, 2, 2000])))
  })

  const withCount = (count: number) => new Float64Array(BUCKETS).fill(count, 7, 9)
  test.each([
    ['fewer buckets', new Float64Array(BUCKETS - 1), 'HISTOGRAM_LAYOUT'],
    ['more buckets', new Float64Array(BUCKETS + 1), 'HISTOGRAM_LAYOUT'],
    ['a count below zero', withCount(-1), 'USAGE'],
    ['half a count', withCount(0.5), 'USAGE'],
    ['no number', withCount(Number.NaN), 'USAGE'],
    ['more than can be counted', withCount(Number.MAX_SAFE_INTEGER), 'USAGE'],
  ])('refuses %s, and adds nothing of it', (_, counts, code) => {
    const histogram = histogramOf([5])
    expect(() => histogram.add(counts)).toThrow(expect.objectContaining({ constructor: MillraceError, code }))
    expect(encode(histogram)).toBe(encode(histogramOf([5])))
    expect(histogram.count).toBe(1)
  })
})
