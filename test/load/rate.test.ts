import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { MessageBlock } from '../../src/input/index.ts'
import { Mixed } from '../../src/load/mixed.ts'
import { Rate, Schedule } from '../../src/load/rate.ts'
import { NO_BYTES } from '../../src/types.ts'

describe('Schedule', () => {
  test('n units take n / perSecond seconds, however they are taken and however late the timers are', () => {
    const amounts = fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 50, maxLength: 300 })
    fc.assert(
      fc.property(
        fc.integer({ min: 10, max: 1_000_000 }),
        amounts,
        fc.integer(),
        (perSecond, takes, seed) => {
          const schedule = new Schedule(perSecond)
          let now = 1000
          let late = Math.abs(seed) % 20
          let taken = 0
          for (const amount of takes) {
            const wait = schedule.take(amount, now)
            // a timer of up to 20 ms' lateness: no later than is made up for
            late = (late * 7 + 3) % 20
            if (wait > 0) now += wait + late
            // never before it is due
            expect(((now - 1000) * perSecond) / 1000).toBeGreaterThanOrEqual(taken - 1e-6 * taken)
            taken += amount
          }
          const last = takes.at(-1) as number
          const due = ((taken - last) * 1000) / perSecond
          expect(now - 1000).toBeLessThanOrEqual(due + 20)
        },
      ),
    )
  })

  test('a pause longer than a second is not made up for', () => {
    const schedule = new Schedule(100)
    expect(schedule.take(10, 0)).toBe(0)
    expect(schedule.take(10, 0)).toBe(100)
    // half a second late: the following ones are due at once
    expect(schedule.take(10, 700)).toBe(-500)
    expect(schedule.take(10, 5000)).toBe(0)
    expect(schedule.take(10, 5000)).toBe(100)
  })
})

test.each([
  [{ records: 1000 }, { records: 10, bytes: undefined }],
  [{ records: 0.5 }, { records: 1, bytes: undefined }],
  [{ bytes: 100_000 }, { records: undefined, bytes: 1000 }],
  [
    { records: 5000, bytes: 10 },
    { records: 50, bytes: 1 },
  ],
])('a burst of %j is 10 ms’ worth: %j', (rates, burst) => {
  expect(new Rate(rates).burst).toEqual(burst)
})

describe('a slice of a block', () => {
  /** Values of these sizes; keys where given. A size of -1 is null. */
  function block(values: readonly number[], keys?: readonly number[]): MessageBlock {
    const ranges = (sizes: readonly number[]) =>
      Uint32Array.from(sizes.flatMap(size => (size < 0 ? [NO_BYTES, NO_BYTES] : [7, 7 + size])))
    const bytes = Buffer.alloc(0)
    return {
      bytes,
      ranges: ranges(values),
      keys: keys && { bytes, ranges: ranges(keys) },
      count: values.length,
      records: undefined as never,
    }
  }

  test.each([
    ['all of it, uncounted', block([10, 10, 10]), 0, {}, { count: 3, bytes: 0 }],
    ['by number', block([10, 10, 10]), 1, { records: 1 }, { count: 1, bytes: 0 }],
    ['by bytes', block([10, 10, 10]), 0, { bytes: 20 }, { count: 2, bytes: 20 }],
    ['by bytes, keys included', block([10, 10, 10], [5, 5, 5]), 0, { bytes: 29 }, { count: 1, bytes: 15 }],
    ['one that is larger alone', block([10, 100, 10]), 1, { bytes: 20 }, { count: 1, bytes: 100 }],
    ['nulls are nothing', block([-1, -1, 10], [-1, 3, 3]), 0, { bytes: 10 }, { count: 2, bytes: 3 }],
    ['by both', block([1, 1, 1, 1]), 0, { records: 2, bytes: 3 }, { count: 2, bytes: 2 }],
    ['none is left', block([1]), 1, { records: 2, bytes: 3 }, { count: 0, bytes: 0 }],
  ])('%s', (_name, given, from, burst, expected) => {
    expect(new Mixed(given, [], from).slice(burst)).toEqual(expected)
  })

  test('slices tile the block, each within the burst or of one record', () => {
    const sizes = fc.array(fc.integer({ min: -1, max: 50 }), { minLength: 1 })
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: 1, max: 200 }),
        fc.integer({ min: 1, max: 20 }),
        (values, bytes, records) => {
          const given = block(values)
          const total = values.reduce((sum, size) => sum + Math.max(0, size), 0)
          const mixed = new Mixed(given, [])
          let sum = 0
          while (mixed.left > 0) {
            const slice = mixed.slice({ bytes, records })
            expect(slice.count).toBeGreaterThan(0)
            expect(slice.count).toBeLessThanOrEqual(records)
            if (slice.count > 1) expect(slice.bytes).toBeLessThanOrEqual(bytes)
            mixed.take(slice.count)
            sum += slice.bytes
          }
          expect(sum).toBe(total)
        },
      ),
    )
  })
})
