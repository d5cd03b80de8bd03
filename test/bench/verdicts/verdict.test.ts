import { describe, expect, test } from 'vitest'
import { judge, type Verdict, type VerdictKind } from '../../../src/bench/verdicts/verdict.ts'
import { normals, series } from './synthetic.ts'

const rules = { margin: 5, seed: 1 }

function trials(...rates: (number | string)[]) {
  return rates.map(rate =>
    typeof rate === 'string' ? { state: rate } : { state: 'valid', messagesPerSecond: rate },
  )
}

function one(here: readonly (number | string)[], there: readonly (number | string)[]): Verdict {
  return judge([{ trials: trials(...here), against: trials(...there) }], rules)[0] as Verdict
}

const hundred = [100, 100, 100, 100, 100, 100]

describe('judge', () => {
  test('faster, by how much', () => {
    const verdict = one([120, 121, 119, 122, 118, 120], hundred)
    expect(verdict).toMatchObject({ kind: 'faster', pairs: 6, p: 0.03125, morePairs: null })
    expect(verdict.text).toBe('faster by 20 % (18 to 22 %)')
    expect(verdict.ratio).toMatchObject({ coverage: 0.95 })
  })

  test('slower is faster the other way round', () => {
    const fast = one([120, 121, 119, 122, 118, 120], hundred)
    const slow = one(hundred, [120, 121, 119, 122, 118, 120])
    expect(slow.kind).toBe('slower')
    expect(slow.text).toBe('slower by 17 % (15 to 18 %)')
    expect(slow.p).toBe(fast.p)
    expect(slow.ratio?.estimate).toBeCloseTo(1 / (fast.ratio?.estimate ?? 0), 12)
  })

  test('equivalent', () => {
    const verdict = one([101, 99, 100.5, 99.5, 101, 99.2], hundred)
    expect(verdict).toMatchObject({ kind: 'equivalent', text: 'equivalent within 5 %', pEquivalent: 1 / 64 })
  })

  test('undecided, and how many more pairs it would take', () => {
    const verdict = one([130, 80, 120, 85, 125, 90], hundred)
    expect(verdict.kind).toBe('undecided')
    expect(verdict.text).toBe(`undecided (about ${verdict.morePairs} more pairs needed)`)
    expect(verdict.morePairs).toBeGreaterThan(100)
  })

  test('five pairs decide nothing, however clear: one more might', () => {
    const verdict = one([200, 200, 200, 200, 200], hundred.slice(1))
    expect(verdict).toMatchObject({ kind: 'undecided', morePairs: 1, ratio: { estimate: 2, coverage: null } })
    expect(verdict.text).toBe('undecided (about 1 more pair needed)')
    expect(one([200], [100]).text).toBe('undecided (at least 5 more pairs needed)')
  })

  test('void trials leave out their pair, not the others', () => {
    const verdict = one([120, 'void', 119, 122, 118, 120, 121], [100, 100, 'void', ...hundred.slice(2)])
    expect(verdict.pairs).toBe(5)
  })

  test.each<[string, (number | string)[], (number | string)[], string]>([
    ['none valid', ['void', 'void'], [100, 100], 'no verdict: no pair of valid trials'],
    ['none at all', [], [], 'no verdict: no pair of valid trials'],
    [
      'over a tenth disturbed',
      [...hundred, 'disturbed'],
      [...hundred, 100],
      'no verdict: 1 of 7 trials were disturbed',
    ],
    [
      'on the other side',
      [...hundred, 100],
      ['disturbed', 'disturbed', ...hundred.slice(1)],
      'no verdict: 2 of 7 trials were disturbed',
    ],
  ])('%s', (_, here, there, text) => {
    expect(one(here, there)).toMatchObject({ kind: 'none', text, ratio: null, p: null })
  })

  test('a tenth disturbed is still fit for a verdict', () => {
    const ten = [...hundred, 100, 100, 100]
    expect(one([...ten.map(rate => rate * 1.2), 'disturbed'], [...ten, 100]).kind).toBe('faster')
  })

  test('what is clear alone may not be so among many', () => {
    const contest = { trials: trials(120, 121, 119, 122, 118, 120), against: trials(...hundred) }
    const noise = { trials: trials(130, 80, 120, 85, 125, 90), against: trials(...hundred) }
    expect(judge([contest], rules)[0]?.kind).toBe('faster')
    const [verdict] = judge([contest, noise, noise], rules)
    expect(verdict).toMatchObject({ kind: 'undecided', p: 3 / 32 })
    expect(verdict?.morePairs).toBe(1)
  })

  test('the unfit take no part in the correction', () => {
    const contest = { trials: trials(120, 121, 119, 122, 118, 120), against: trials(...hundred) }
    const kinds = judge([{ trials: [], against: [] }, contest], rules).map(({ kind }) => kind)
    expect(kinds).toEqual(['none', 'faster'])
  })
})

// seeded, so the figures are the same on every run; bounds are three standard deviations of the count
describe('error rates on synthetic trials that vary and drift as on two shared cores', () => {
  function share(
    runs: number,
    contest: (normal: () => number) => Parameters<typeof judge>[0],
    kinds: VerdictKind[],
  ) {
    const normal = normals(42)
    let found = 0
    for (let run = 0; run < runs; run++) {
      const verdicts = judge(contest(normal), { margin: 5, seed: run })
      if (verdicts.some(({ kind }) => kinds.includes(kind))) found++
    }
    return found / runs
  }
  const pair = (count: number, ratio: number, spread?: number) => (normal: () => number) => [
    { trials: series(count, 1e6 * ratio, normal, spread), against: series(count, 1e6, normal, spread) },
  ]

  test.each([
    [7, 1000],
    [12, 300],
    [29, 500],
  ])('no difference, %i pairs: at most 5 % are told apart', (count, runs) => {
    const tolerance = 3 * Math.sqrt((0.05 * 0.95) / runs)
    expect(share(runs, pair(count, 1), ['faster', 'slower'])).toBeLessThanOrEqual(0.05 + tolerance)
  })

  test('no difference in any of five cells: at most 5 % of grids have a false one', () => {
    const grid = (normal: () => number) => {
      const against = series(10, 1e6, normal)
      return Array.from({ length: 4 }, () => ({ trials: series(10, 1e6, normal), against }))
    }
    expect(share(400, grid, ['faster', 'slower'])).toBeLessThanOrEqual(0.05 + 0.033)
  })

  test('10 % faster, 29 pairs: about 90 % are found, as faster', () => {
    const power = share(400, pair(29, 1.1), ['faster'])
    expect(power).toBeGreaterThan(0.85)
    expect(power).toBeLessThan(0.95)
    expect(share(400, pair(29, 1.1), ['slower'])).toBe(0)
  })

  test.each([
    ['as noisy as usual', 29, undefined],
    ['with little noise', 10, 0.01],
    ['with hardly any pairs', 6, 0.05],
  ])('ten percent apart are never equivalent within five: %s', (_, count, spread) => {
    expect(share(300, pair(count, 1.1, spread), ['equivalent'])).toBe(0)
    expect(share(300, pair(count, 0.9, spread), ['equivalent'])).toBe(0)
  })

  test('at the margin itself, at most 5 % are called equivalent', () => {
    expect(share(1000, pair(8, 1.05, 0.02), ['equivalent'])).toBeLessThanOrEqual(0.05 + 0.021)
  })

  test('no difference and little noise: equivalent', () => {
    expect(share(300, pair(10, 1, 0.02), ['equivalent'])).toBeGreaterThan(0.9)
  })
})
