import fc from 'fast-check'
import { expect, test } from 'vitest'
import { seeded, shuffled } from '../../src/bench/random.ts'

test('the same seed gives the same numbers', () => {
  const take = (seed: number) => Array.from({ length: 5 }, seeded(seed))
  expect(take(42)).toEqual(take(42))
  expect(take(42)).not.toEqual(take(43))
})

test('shuffling loses and adds nothing', () => {
  fc.assert(
    fc.property(fc.array(fc.nat()), fc.nat(), (items, seed) => {
      const sorted = (list: readonly number[]) => [...list].sort((a, b) => a - b)
      expect(sorted(shuffled(items, seeded(seed)))).toEqual(sorted(items))
    }),
  )
})

test('every place is as likely', () => {
  const random = seeded(1)
  const counts = new Map<string, number>()
  for (let run = 0; run < 6000; run++) {
    const order = shuffled(['a', 'b', 'c'], random).join('')
    counts.set(order, (counts.get(order) ?? 0) + 1)
  }
  expect(counts.size).toBe(6)
  // 1000 each, with a standard deviation of 29
  for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150)
})
