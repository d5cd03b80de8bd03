import { describe, expect, test } from 'vitest'
import { type Comparison, compareRuns, environmentDiffers } from '../../../src/bench/compare/compare.ts'
import type { Recorded } from '../../../src/bench/compare/recorded.ts'
import type { BenchReport } from '../../../src/bench/report.ts'
import type { Trial } from '../../../src/bench/trial.ts'
import { someReport, steady, validTrial } from '../reports.ts'
import { normals, series } from '../verdicts/synthetic.ts'

interface Share {
  readonly median: number
  readonly low: number
  readonly high: number
}

/** A report as it is after it was written and read; `share`: of the ceiling, in every cell. */
function recorded(report: BenchReport, share: Share | null = null): Recorded {
  return {
    path: 'old.json',
    environment: { ...report.environment },
    cells: report.cells.map(({ messagesPerSecond, ofCeiling, trials, ...settings }) => ({
      settings: { ...settings },
      messagesPerSecond,
      ofCeiling: share,
      trials,
    })),
  }
}

/** One cell's trials then and now. */
function since(then: Trial[], now: Trial[], shares?: readonly [Share, Share]): Comparison['cells'][number] {
  const report = someReport({}, [now])
  const cells = report.cells.map(cell => ({ ...cell, ofCeiling: (shares?.[1] ?? null) as null }))
  const earlier = recorded(someReport({}, [then]), shares?.[0] ?? null)
  const [found] = compareRuns(earlier, { ...report, cells }, 5).cells
  if (found === undefined) throw new Error('nothing was compared')
  return found
}

const share = (median: number, spread = 0.01): Share => ({
  median,
  low: median * (1 - spread),
  high: median * (1 + spread),
})

describe('compareRuns', () => {
  test('rates of two sessions have to differ by more than sessions do', () => {
    expect(since(steady(100), steady(130))).toMatchObject({ kind: 'faster', basis: 'rate', allowance: 0.18 })
    expect(since(steady(100), steady(70)).kind).toBe('slower')
    expect(since(steady(100), steady(110)).kind).toBe('undecided')
    expect(since(steady(100), steady(90)).kind).toBe('undecided')
  })

  test('without a ceiling nothing is equivalent, and it is said what was compared', () => {
    const { kind, text } = since(steady(100), steady(100))
    expect(kind).toBe('undecided')
    expect(text).toMatch(/^undecided between sessions \(\+0 %, -16 % to \+19 %; rate, for want of a ceiling/)
    expect(text).toContain('--against')
  })

  test('shares of the ceiling where both have them: the machine may have been slower as a whole', () => {
    const then = steady(1000)
    expect(since(then, steady(500), [share(0.9), share(0.9)]).kind).toBe('undecided')
    expect(since(then, steady(1000), [share(0.9), share(0.6)])).toMatchObject({
      kind: 'slower',
      basis: 'share',
      allowance: 0.05,
    })
    expect(since(then, steady(1000), [share(0.6), share(0.9)]).kind).toBe('faster')
  })

  test('a ceiling on one side only is none', () => {
    const report = someReport({}, [steady(100)])
    const [found] = compareRuns(recorded(report, share(0.9)), report, 5).cells
    expect(found?.basis).toBe('rate')
  })

  test('a session whose own halves lie further apart allows for that much', () => {
    const drifting = [...Array(4).fill(validTrial(100)), ...Array(4).fill(validTrial(70))]
    expect(since(steady(100), drifting).allowance).toBeCloseTo(100 / 70 - 1, 10)
  })

  test('a wide margin can be met', () => {
    const report = someReport({}, [steady(100)])
    const [found] = compareRuns(recorded(report), report, 25).cells
    expect(found).toMatchObject({
      kind: 'equivalent',
      text: expect.stringMatching(/^equivalent within 25 %/),
    })
  })

  test('too few trials on a side', () => {
    const { kind, text, ratio } = since(steady(100).slice(0, 3), steady(300))
    expect(kind).toBe('undecided')
    expect(text).toContain('6 valid trials are needed on both sides')
    expect(ratio?.coverage).toBeNull()
  })

  test('cells that have no counterpart, and such without a valid trial', () => {
    const faulty: Trial = { order: 1, state: 'void', why: 'it died' }
    const then = recorded(someReport({ loops: [1, 2] }, [steady(100), [faulty]]))
    const now = someReport({ loops: [1, 2, 3] }, [[faulty], steady(100), steady(100)])
    expect(compareRuns(then, now, 5).cells.map(({ kind, text }) => `${kind}: ${text}`)).toEqual([
      'none: not comparable: no trial is valid',
      'none: not comparable: no trial was valid then',
      'none: not comparable: it was not measured then',
    ])
  })

  test('what an older file does not tell of a cell had its default', () => {
    const report = someReport({}, [steady(100)])
    const { cells, ...others } = recorded(report)
    const older = cells.map(({ settings: { loops, ...settings }, ...cell }) => ({ ...cell, settings }))
    expect(compareRuns({ ...others, cells: older }, report, 25).cells[0]?.kind).toBe('equivalent')
  })

  test('another environment: not comparable', () => {
    const then = recorded(someReport({}, [steady(100)], { node: '22.1.0' }))
    const { environmentDiffers: differ, cells } = compareRuns(then, someReport({}, [steady(50)]), 5)
    expect(differ).toEqual(['Node major version was 22, is 20'])
    expect(cells).toEqual([])
  })
})

describe('environmentDiffers', () => {
  test.each<[Partial<BenchReport['environment']>, string | undefined]>([
    [{ date: '2020-01-01', label: 'x', seed: 9, repeat: 50, millrace: '9.9.9', commit: 'abc' }, undefined],
    [{ node: '20.1.0', os: 'Linux 5.4.0 x64', loadAverage: 3 }, undefined],
    [{ os: 'Linux 6.1.0 arm64' }, 'machine'],
    [{ cpu: { model: 'another', count: 2 } }, 'machine'],
    [{ cpu: { model: 'a CPU', count: 4 } }, 'cores was 4, is 2'],
    [{ librdkafka: '2.3.0' }, 'librdkafka was 2.3.0, is 2.12.0'],
    [{ embedded: false, brokers: 'kafka:9092' }, 'cluster was kafka:9092, is embedded'],
    [{ embedded: true, brokers: 'host:9092' }, 'cluster was host:9092, embedded, is embedded'],
    [{ length: { seconds: 5 } }, 'window was seconds 5, is seconds 2'],
    [{ length: { messages: 5 } }, 'window was messages 5'],
    [{ warmupSeconds: 3 }, 'warm-up seconds was 3, is 0.5'],
    [{ payloadFile: '/some/where/payloads' }, 'payload file was payloads, is none'],
    [{ payloadDigest: 'a1b2' }, 'payload digest was a1b2, is none'],
    [{ properties: { 'linger.ms': 5 } }, 'properties was linger.ms 5, is none'],
  ])('%j', (change, told) => {
    const then = recorded(someReport({}, [], change))
    const differ = environmentDiffers(then, someReport({}, []).environment)
    if (told === undefined) expect(differ).toEqual([])
    else {
      expect(differ).toHaveLength(1)
      expect(differ[0]).toContain(told)
    }
  })

  test('an embedded cluster at the address where Kafka was', () => {
    const kafka = { brokers: 'host:9092', embedded: false }
    const then = recorded(someReport({}, [], kafka))
    const now = someReport({}, [], { ...kafka, embedded: true }).environment
    expect(environmentDiffers(then, now)).toEqual(['cluster was host:9092, is host:9092, embedded'])
    expect(environmentDiffers(then, { ...now, embedded: false })).toEqual([])
  })

  test('properties in another order are the same', () => {
    const then = recorded(someReport({}, [], { properties: { a: 1, b: 2 } }))
    expect(
      environmentDiffers(then, { ...someReport({}, []).environment, properties: { b: 2, a: 1 } }),
    ).toEqual([])
  })
})

test('two sessions of the same speed, 15 % apart as sessions are: hardly ever a difference', () => {
  const normal = normals(7)
  const runs = 300
  let found = 0
  for (let run = 0; run < runs; run++) {
    const trials = (rate: number) =>
      series(9, rate, normal).map(({ messagesPerSecond }) => validTrial(messagesPerSecond))
    if (['faster', 'slower'].includes(since(trials(1e6), trials(1.15e6)).kind)) found++
  }
  expect(found / runs).toBeLessThan(0.01)
})
