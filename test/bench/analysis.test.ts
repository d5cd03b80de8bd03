import { describe, expect, test } from 'vitest'
import { analyse, findings, headlines } from '../../src/bench/analysis.ts'
import type { BenchReport } from '../../src/bench/report.ts'
import { someReport, steady, validTrial } from './reports.ts'

function against(report: BenchReport, rates: readonly number[]): BenchReport {
  const { cells } = someReport(
    { loops: rates.map((_, at) => at + 1) },
    rates.map(rate => steady(rate)),
  )
  return { ...report, against: { folder: '/other', millrace: '0.0.9', cells } }
}

describe('analyse', () => {
  test('cells against the first of them', () => {
    const report = someReport({ api: ['send', 'batch', 'framed'] }, [steady(100), steady(200), steady(100.5)])
    const { verdicts } = analyse(report, { margin: 5 })
    expect(verdicts.map(({ cell, against, kind }) => [cell, against, kind])).toEqual([
      [1, 0, 'faster'],
      [2, 0, 'faster'],
    ])
    expect(findings(analyse(report, { margin: 5 }))).toEqual([
      'Against send (5 % error over all):',
      '  batch: faster by 100 % (100 to 100 %)',
      '  framed: faster by 0.5 % (0.5 to 0.5 %)',
    ])
  })

  test('in short', () => {
    const report = against(
      someReport({ loops: [1, 2, 4] }, [steady(100), steady(200), steady(100)]),
      [100, 300],
    )
    expect(headlines(analyse(report, { margin: 5 })).slice(0, 2)).toEqual([
      'Against batch, 1 loop: 1 faster, 1 equivalent.',
      'Against millrace 0.0.9 in /other: 1 slower, 1 equivalent.',
    ])
    expect(headlines(analyse(someReport({}, [steady(1)]), { margin: 5 }))).toEqual([])
  })

  test('a rate that was asked for is no rival: it is not judged, and scales with nothing', () => {
    const grid = { rate: [1000, 2000, 'max'] as const, threads: [1, 2] }
    const rates = [1000, 2000, 100, 1000, 2000, 200]
    const report = someReport(
      grid,
      rates.map(rate => steady(rate)),
    )
    const { verdicts, scaling } = analyse(
      { ...report, against: { ...against(report, rates).against, cells: report.cells } as never },
      { margin: 5 },
    )
    expect(verdicts.map(({ cell, against }) => [cell, against])).toEqual([[5, 2]])
    expect(scaling.map(({ axis, points }) => [axis, points.map(({ cell }) => cell)])).toEqual([
      ['threads', [2, 5]],
    ])
  })

  test('a ceiling is no rival, and none is held against it', () => {
    const report = someReport({ api: ['send', 'batch'] }, [steady(900), steady(100)])
    const [ceiling, ...cells] = report.cells
    const odd = { ...report, cells: [{ ...ceiling, engine: 'ceiling' }, ...cells] } as unknown as BenchReport
    expect(analyse(odd, { margin: 5 }).verdicts).toEqual([])
  })

  test('too few trials: one line instead of a list', () => {
    const three = (rate: number) => steady(rate).slice(0, 3)
    const report = someReport({ loops: [1, 2, 4] }, [three(1), three(2), three(3)])
    expect(findings(analyse(report, { margin: 5 }))[0]).toBe(
      'Too few trials for verdicts against batch, 1 loop: --repeat 7 is the least that can give one.',
    )
  })

  test('one cell has nothing to be told of', () => {
    expect(findings(analyse(someReport({}, [steady(1)]), { margin: 5 }))).toEqual([])
  })

  test('another installation: pairs of the same cell', () => {
    const report = against(someReport({ loops: [1, 2] }, [steady(100), steady(100)]), [100, 80])
    const found = analyse(report, { margin: 5 })
    expect(found.against?.verdicts.map(({ cell, kind }) => [cell, kind])).toEqual([
      [0, 'equivalent'],
      [1, 'faster'],
    ])
    expect(findings(found)).toContain('Against millrace 0.0.9 in /other (5 % error over all):')
  })

  test.each<[number, number, string[], number]>([
    [90, 5, ['batch'], 3],
    [90, 20, [], 0],
    [110, 0, [], 0],
    [100, 0, [], 0],
  ])('rate %i of 100, to fail from %i %%: %j, exit code %i', (rate, failIfSlower, cells, exitCode) => {
    const report = against(someReport({}, [steady(rate)]), [100])
    const found = analyse(report, { margin: 5, failIfSlower })
    expect(found.slower).toEqual({ limitPercent: failIfSlower, cells })
    expect(found.exitCode).toBe(exitCode)
  })

  test('what is not shown to be slower does not fail', () => {
    const uneven = [60, 130, 70, 120, 65, 110].map(rate => validTrial(rate))
    const report = against(someReport({}, [uneven]), [100])
    expect(analyse(report, { margin: 5, failIfSlower: 0 })).toMatchObject({
      slower: { cells: [] },
      exitCode: 0,
    })
  })
})
