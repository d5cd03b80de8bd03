import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { FEW, Sieve, type Trial } from '../../src/load/sieve.ts'

const MOST = 5000

interface Found {
  readonly guilty: readonly number[]
  readonly delivered: readonly number[]
  readonly trials: readonly Trial<number>[]
}

/** A broker that refuses a batch for each culprit in it; `cut`: as many as librdkafka puts into a batch. */
function sift(count: number, culprits: ReadonlySet<number>, cut = Number.POSITIVE_INFINITY): Found {
  const sieve = new Sieve<number>(MOST)
  sieve.add(Array.from({ length: count }, (_, index) => index))
  const guilty: number[] = []
  const delivered: number[] = []
  const trials: Trial<number>[] = []
  for (let trial = sieve.next(); trial !== undefined; trial = sieve.next()) {
    trials.push(trial)
    const back: number[] = []
    const size = trial.alone ? 1 : Math.min(cut, trial.items.length)
    let found = 0
    for (let at = 0; at < trial.items.length; at += size) {
      const batch = trial.items.slice(at, at + size)
      if (!batch.some(item => culprits.has(item))) delivered.push(...batch)
      else if (trial.alone) {
        guilty.push(...batch)
        found++
      } else back.push(...batch)
    }
    sieve.heard(trial, { back, guilty: found })
  }
  return { guilty, delivered, trials }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index)

describe('a sieve', () => {
  test('finds exactly the guilty, and keeps the order, however librdkafka cuts groups', () => {
    const some = fc
      .integer({ min: 0, max: 3000 })
      .chain(count =>
        fc.tuple(
          fc.constant(count),
          fc.uniqueArray(fc.nat(Math.max(0, count - 1)), { maxLength: Math.min(count, 60) }),
          fc.integer({ min: 1, max: 4000 }),
        ),
      )
    fc.assert(
      fc.property(some, ([count, culprits, cut]) => {
        const wanted = new Set(count === 0 ? [] : culprits)
        const whole = sift(count, wanted)
        expect(whole.guilty).toEqual(numbers(count).filter(item => wanted.has(item)))
        expect(whole.delivered).toEqual(numbers(count).filter(item => !wanted.has(item)))
        const pieces = sift(count, wanted, cut)
        expect([...pieces.guilty].sort((a, b) => a - b)).toEqual(whole.guilty)
        expect([...pieces.delivered].sort((a, b) => a - b)).toEqual(whole.delivered)
      }),
      { numRuns: 50 },
    )
  })

  test.each([
    [10_000, [], 4],
    [10_000, [0], 24],
    [10_000, [9_999], 24],
    [10_000, [5_000], 24],
    [10_000, [10, 5_000, 9_000], 66],
  ])('of %d with the culprits %j takes few trials', (count, culprits, most) => {
    expect(sift(count, new Set(culprits)).trials.length).toBeLessThanOrEqual(most)
  })

  test('tries a few one by one at once', () => {
    expect(sift(FEW, new Set([3])).trials).toEqual([{ items: numbers(FEW), alone: true }])
  })

  test('tries all one by one where all are guilty', () => {
    const { trials } = sift(10_000, new Set(numbers(10_000)))
    const alone = trials.filter(trial => trial.alone)
    expect(alone.reduce((sum, { items }) => sum + items.length, 0)).toBe(10_000)
    expect(trials.length).toBeLessThanOrEqual(25)
    expect(Math.max(...alone.map(({ items }) => items.length))).toBeLessThanOrEqual(MOST)
  })
})
