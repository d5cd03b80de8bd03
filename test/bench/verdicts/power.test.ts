import { describe, expect, test } from 'vitest'
import { fewestPairs, normalQuantile, pairsNeeded } from '../../../src/bench/verdicts/power.ts'
import { PAIR_SPREAD } from './synthetic.ts'

// from tables of the normal distribution
test.each([
  [0.5, 0],
  [0.9, 1.281552],
  [0.975, 1.959964],
  [0.995, 2.575829],
  [0.999975, 4.055627],
])('normalQuantile(%f)', (probability, quantile) => {
  expect(normalQuantile(probability)).toBeCloseTo(quantile, 4)
})

test.each([
  [0.05, 6],
  [0.0125, 8],
  [0.25, 3],
])('fewestPairs(%f) is %i', (alpha, pairs) => {
  expect(fewestPairs(alpha)).toBe(pairs)
})

describe('pairsNeeded', () => {
  test.each([
    ['10 % at the noise of two shared cores', 1.1, 29],
    ['5 %', 1.05, 111],
    ['twice as fast: only what the test itself needs', 2, 6],
  ])('%s', (_, ratio, pairs) => {
    expect(pairsNeeded(Math.log(ratio), PAIR_SPREAD, 0.05)).toBe(pairs)
  })
})
