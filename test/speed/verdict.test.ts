import { describe, expect, test } from 'vitest'
import type { Claim } from '../../bench/speed/claims.ts'
import { measuredOf } from '../../bench/speed/measure.ts'
import { boundVerdictOf, verdictOf } from '../../bench/speed/verdict.ts'
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

describe('what trials say of a claim that each of them has to meet', () => {
  test.each([
    ['all of them within', [0.9, 1, 1.1], 'met'],
    ['one beyond', [0.9, 1, 1.11, 1], 'not met'],
    ['one beyond, of very few', [1.2], 'not met'],
    ['too few, however good', [0.1, 0.1], 'not shown'],
    ['one that could not be measured', [0.9, Number.NaN, 1], 'not shown'],
    ['one that could not be measured, and one beyond', [Number.NaN, 2, 1], 'not met'],
  ] as const)('%s', (_, values, verdict) => {
    expect(boundVerdictOf(atMost, values)).toBe(verdict)
  })

  test('a figure is one of these, or one of their median', () => {
    const rounds = [1, 1, 1, 1, 1, 1, 1, 1, 1.2]
    const figure = { what: 'it', unit: 'times', claim: atMost, of: (round: number) => round } as const
    expect(measuredOf(figure, rounds)).toMatchObject({ verdict: 'met', summary: { median: 1 } })
    expect(measuredOf({ ...figure, isBound: true }, rounds)).toMatchObject({ verdict: 'not met' })
    expect(measuredOf({ what: 'it', unit: 'times', of: figure.of }, rounds).verdict).toBeNull()
    expect(() => measuredOf(figure, [])).toThrow('a line needs at least one pair')
  })
})
