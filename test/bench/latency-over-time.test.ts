import { describe, expect, test } from 'vitest'
import { LatencyOverTime, MOST_POINTS } from '../../src/bench/latency-over-time.ts'
import { Histogram } from '../../src/latency/index.ts'

function histogram(...milliseconds: number[]): Histogram {
  const found = new Histogram()
  for (const ms of milliseconds) found.record(ms * 1e6)
  return found
}

describe('LatencyOverTime', () => {
  test('has a part for each second, and the last as long as it was', () => {
    const found = new LatencyOverTime(3)
    found.add(histogram(1, 1, 1))
    found.pass(1)
    found.pass(2.9)
    found.add(histogram(...Array.from({ length: 200 }, () => 4)))
    const points = found.end(3.25)
    expect(points.map(({ second, seconds, count }) => [second, seconds, count])).toEqual([
      [0, 1, 3],
      [1, 1, 0],
      [2, 1, 200],
      [3, 0.25, 0],
    ])
    expect(points[1]).toMatchObject({ p50: null, p99: null, max: null })
    expect(points[0]?.p99).toBeNull()
    expect(points[2]?.p99).toBeCloseTo(4, 1)
  })

  test('of a stall all comes after it', () => {
    const found = new LatencyOverTime(4)
    found.pass(2)
    found.add(histogram(2000))
    expect(found.end(3).map(({ max }) => max && Math.round(max))).toEqual([null, null, 2000])
  })

  test.each([10, 299, 301, 86_400])(
    'of %i seconds there are no more parts than can be kept',
    seconds => {
      const found = new LatencyOverTime(seconds)
      // nothing ends in time
      const parts = Math.ceil((seconds * 3) / found.width)
      for (let part = 1; part <= parts; part++) {
        found.add(histogram(1))
        found.pass(Math.min(part * found.width, seconds * 3))
      }
      const points = found.end(seconds * 3)
      expect(points.length).toBeLessThanOrEqual(MOST_POINTS)
      expect(points.reduce((sum, { count }) => sum + count, 0)).toBe(parts)
      expect(points.at(-1)).toMatchObject({ second: (points.length - 1) * found.width })
      expect((points.at(-1)?.second ?? 0) + (points.at(-1)?.seconds ?? 0)).toBe(seconds * 3)
    },
    20_000,
  )
})
