import { describe, expect, test } from 'vitest'
import type { Claim } from '../../bench/speed/claims.ts'
import { verdictOf } from '../../bench/speed/verdict.ts'
import type { Summary } from '../../src/bench/statistics.ts'

function interval(low: number, high: number): Summary {
  return { median: (low + high) / 2, low, high, method: 'order-statistic', coverage: 0.97 }
}

const atLeast: Claim = { atLeast: 0.9 }
const atMost: Claim = { atMost: 1.1 }

describe('what an interval says of a claim', () => {
  test.each([
    ['all of it above', atLeast, interval(0.95, 1.05), 'met'],
    ['its lower end is what is claimed', atLeast, interval(0.9, 1.05), 'met'],
    ['the claim is within it', atLeast, interval(0.85, 1.05), 'not shown'],
    ['its upper end is what is claimed', atLeast, interval(0.5, 0.9), 'not shown'],
    ['all of it below', atLeast, interval(0.5, 0.89), 'not met'],
    ['all of it below a most', atMost, interval(0.9, 1.1), 'met'],
    ['a most within it', atMost, interval(1, 1.2), 'not shown'],
    ['its lower end is the most', atMost, interval(1.1, 1.2), 'not shown'],
    ['all of it above a most', atMost, interval(1.11, 1.2), 'not met'],
  ] as const)('%s', (_, claim, summary, verdict) => {
    expect(verdictOf(claim, summary)).toBe(verdict)
  })

  test('too few pairs show nothing, however good they are', () => {
    expect(verdictOf(atLeast, { ...interval(2, 3), method: 'range', coverage: null })).toBe('not shown')
  })

  test('what could not be measured shows nothing', () => {
    expect(verdictOf(atLeast, interval(Number.NaN, Number.NaN))).toBe('not shown')
    expect(verdictOf(atMost, interval(Number.NaN, Number.NaN))).toBe('not shown')
  })
})
