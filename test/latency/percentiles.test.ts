import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  Histogram,
  LEAST_BEYOND,
  latencyMs,
  PERCENTILES,
  type Percentile,
  percentile,
  RELATIVE_ERROR,
  supportedPercentiles,
} from '../../src/latency/index.ts'
import { histogramOf, nanoseconds } from './support.ts'

const names = Object.keys(PERCENTILES) as Percentile[]

describe('percentile', () => {
  test.each([
    ['p50', 500],
    ['p95', 950],
    ['p99', 990],
    ['p999', 999],
    ['p9999', 1000],
  ] as const)('%s of 1 to 1000 is %d', (name, value) => {
    expect(percentile(histogramOf(Array.from({ length: 1000 }, (_, n) => n + 1)), name)).toBe(value)
  })

  test('of one is that one, of none is null', () => {
    expect(names.map(name => percentile(histogramOf([7]), name))).toEqual(names.map(() => 7))
    expect(names.map(name => percentile(new Histogram(), name))).toEqual(names.map(() => null))
  })

  test('is within the stated error of the exact one', () => {
    fc.assert(
      fc.property(fc.array(nanoseconds, { minLength: 1, maxLength: 300 }), values => {
        const histogram = histogramOf(values)
        const sorted = [...values].sort((a, b) => a - b)
        for (const name of names) {
          // nearest rank, in whole numbers
          const beyond = PERCENTILES[name]
          const exact = sorted[
            Number((BigInt(values.length) * BigInt(beyond - 1) + BigInt(beyond - 1)) / BigInt(beyond)) - 1
          ] as number
          expect(Math.abs((percentile(histogram, name) as number) - exact)).toBeLessThanOrEqual(
            exact * RELATIVE_ERROR,
          )
        }
      }),
    )
  })
})

describe('what may be shown', () => {
  test.each<[number, Percentile[]]>([
    [0, []],
    [19, []],
    [20, ['p50']],
    [199, ['p50']],
    [200, ['p50', 'p95']],
    [1000, ['p50', 'p95', 'p99']],
    [9999, ['p50', 'p95', 'p99']],
    [10_000, ['p50', 'p95', 'p99', 'p999']],
    [100_000, ['p50', 'p95', 'p99', 'p999', 'p9999']],
  ])('of %d distinct requests', (requests, expected) => {
    expect(supportedPercentiles(requests)).toEqual(expected)
  })

  test('has at least ten requests beyond it', () => {
    fc.assert(
      fc.property(fc.nat(200_000), requests => {
        const supported = supportedPercentiles(requests)
        for (const name of names)
          expect(supported.includes(name)).toBe(Math.floor(requests / PERCENTILES[name]) >= LEAST_BEYOND)
      }),
    )
  })

  test('in milliseconds, by requests and not by messages', () => {
    const histogram = histogramOf(Array.from({ length: 100_000 }, () => 1000))
    expect(latencyMs(histogram, 250)).toEqual({
      p50: 0.001,
      p95: 0.001,
      p99: null,
      p999: null,
      p9999: null,
      max: 0.001,
    })
    expect(latencyMs(new Histogram(), 1_000_000)).toBeNull()
  })
})
