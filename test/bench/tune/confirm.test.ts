import { describe, expect, test } from 'vitest'
import type { Trial } from '../../../src/bench/trial.ts'
import { contendersOf, roundsOf, signTest, verdictsOf } from '../../../src/bench/tune/confirm.ts'
import { goalText, keeps } from '../../../src/bench/tune/goal.ts'
import { steady, validTrial } from '../reports.ts'

const rules = { margin: 5, seed: 1 }
const start = { producers: 1, 'linger.ms': 5, 'batch.size': 1000 }

const withP99 = (p99: number | null, max = 50) => validTrial(1000, { latencyMs: { p99, max } as never })
const saturated = { ...validTrial(1000), state: 'saturated', why: 'the backlog grew' } as Trial
const disturbed = { ...withP99(1), state: 'disturbed', why: 'held up' } as Trial
const faulty: Trial = { order: 1, state: 'void', why: 'it died' }

describe('contendersOf', () => {
  test('the start, the winner, and the winner without each change', () => {
    const all = contendersOf(start, { producers: 2, 'linger.ms': 25, 'batch.size': 1000 })
    expect(all.map(({ name, configuration }) => [name, ...Object.values(configuration)])).toEqual([
      ['start', 1, 5, 1000],
      ['winner', 2, 25, 1000],
      ['without producers', 1, 25, 1000],
      ['without linger.ms', 2, 5, 1000],
    ])
  })

  test('without its only change the winner is the start', () => {
    expect(contendersOf(start, { ...start, producers: 2 }).map(({ name }) => name)).toEqual([
      'start',
      'winner',
    ])
  })
})

test('rounds have everybody once, and every second one is backwards', () => {
  const rounds = roundsOf(4, 5, 3)
  for (const round of rounds) expect([...round].sort()).toEqual([0, 1, 2, 3])
  expect(rounds[1]).toEqual(rounds[0]?.toReversed())
  expect(roundsOf(4, 5, 3)).toEqual(rounds)
})

test.each<[string, Trial, boolean]>([
  ['p99 below the goal', withP99(19.9), true],
  ['at it', withP99(20), true],
  ['above it', withP99(20.1), false],
  ['too few requests for p99, but none took longer', withP99(null, 20), true],
  ['too few requests, and one took longer', withP99(null, 21), false],
  ['a rate that was not kept up with', saturated, false],
  ['a generator that was held up, and yet', disturbed, true],
  ['a generator that was held up', { ...disturbed, latencyMs: { p99: 30, max: 50 } } as never, false],
  ['void', faulty, false],
])('keeps 20 ms: %s', (_, trial, kept) => {
  expect(keeps(trial, 20)).toBe(kept)
})

test.each([
  [0, 0, 1],
  [8, 0, 2 / 256],
  [0, 8, 2 / 256],
  [5, 5, 1],
  [1, 7, 2 * (9 / 256)],
])('signTest of %i to %i is %d', (one, other, p) => {
  expect(signTest(one, other)).toBeCloseTo(p, 12)
})

describe('verdictsOf', () => {
  test('throughput: as all pairs are judged', () => {
    const [first, second] = verdictsOf({ kind: 'throughput' }, steady(200), [steady(100), steady(200)], rules)
    expect(first).toMatchObject({ kind: 'faster', pairs: 7, kept: null })
    expect(first?.ratio?.estimate).toBeCloseTo(2, 6)
    expect(second?.kind).not.toBe('faster')
  })

  const latency = { kind: 'latency', p99Ms: 20 } as const
  const good = Array(8).fill(withP99(10))
  const bad = Array(8).fill(withP99(30))

  test('latency: the goal kept more often than chance would have it', () => {
    const verdicts = verdictsOf(latency, good, [bad, Array(8).fill(saturated), good], rules)
    expect(verdicts.map(({ kind }) => kind)).toEqual(['faster', 'faster', 'undecided'])
    expect(verdicts[0]).toMatchObject({
      text: 'better: the goal kept in 8 of 8 trials, against 0',
      kept: { winner: 8, other: 0 },
      ratio: null,
    })
    expect(verdicts[2]?.text).toBe('undecided: the goal kept in 8 of 8 trials, against 8')
  })

  test('latency: worse, and nothing to tell', () => {
    expect(verdictsOf(latency, bad, [good], rules)[0]).toMatchObject({ kind: 'slower' })
    expect(verdictsOf(latency, [faulty, disturbed], [[withP99(1), withP99(1)]], rules)[0]).toMatchObject({
      kind: 'none',
      pairs: 0,
      p: null,
    })
  })

  test('latency: more comparisons take more evidence', () => {
    const six = good.slice(0, 6)
    expect(verdictsOf(latency, six, [bad], rules)[0]?.kind).toBe('faster')
    expect(verdictsOf(latency, six, [bad, good], rules)[0]?.kind).toBe('undecided')
  })
})

test('goals are told as they were given', () => {
  expect(goalText({ kind: 'throughput' })).toBe('throughput')
  expect(goalText({ kind: 'latency', p99Ms: 2.5 })).toBe('latency:2.5')
})
