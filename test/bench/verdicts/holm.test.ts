import fc from 'fast-check'
import { expect, test } from 'vitest'
import { holm } from '../../../src/bench/verdicts/holm.ts'

test.each([
  [[], []],
  [[0.03], [0.03]],
  [
    [0.01, 0.04, 0.03],
    [0.03, 0.06, 0.06],
  ],
  [
    [0.9, 0.6],
    [1, 1],
  ],
])('%j', (pValues, adjusted) => {
  const found = holm(pValues)
  expect(found).toHaveLength(adjusted.length)
  for (const [at, p] of adjusted.entries()) expect(found[at]).toBeCloseTo(p, 12)
})

test('never below the p-value, never above Bonferroni, in the same order', () => {
  const p = fc.double({ min: 0, max: 1, noNaN: true })
  fc.assert(
    fc.property(fc.array(p, { maxLength: 20 }), pValues => {
      const adjusted = holm(pValues)
      for (const [at, value] of pValues.entries()) {
        expect(adjusted[at]).toBeGreaterThanOrEqual(value)
        expect(adjusted[at]).toBeLessThanOrEqual(Math.min(1, value * pValues.length))
        for (const [other, rival] of pValues.entries()) {
          if (rival > value) expect(adjusted[other]).toBeGreaterThanOrEqual(adjusted[at] as number)
        }
      }
    }),
  )
})
