import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { cellsOf, defaultGrid, type Grid, withCeilings } from '../../src/bench/cell.ts'
import type { BenchReport } from '../../src/bench/report.ts'
import { type CompareArguments, compareChoiceOf, comparisonCautions } from '../../src/cli/bench-compare.ts'
import { someEnvironment, someReport, steady } from '../bench/reports.ts'
import { useFiles } from './harness.ts'

const file = useFiles()

function installation(): string {
  const manifest = file('package.json', '{"name":"millrace","version":"0.0.1"}')
  const folder = dirname(manifest)
  mkdirSync(join(folder, 'dist', 'bench'), { recursive: true })
  writeFileSync(join(folder, 'dist', 'bench', 'trial-process.js'), '')
  return folder
}

function cautions(
  args: CompareArguments,
  { repeat, grid = {}, ceiling = false }: { repeat: number; grid?: Partial<Grid>; ceiling?: boolean },
): string[] {
  const cells = cellsOf({ ...defaultGrid, ...grid })
  const plan = { cells: ceiling ? withCeilings(cells) : cells, repeat, memoryBytes: 1e9 }
  return comparisonCautions(compareChoiceOf(args), plan, someEnvironment)
}

const loops = (count: number) => ({ loops: Array.from({ length: count }, (_, at) => at + 1) })

describe('a check against another installation', () => {
  test.each<[number, Partial<Grid>, string | undefined]>([
    [1, {}, '1 pair of trials cannot show one row to be slower. Give --repeat 6'],
    [5, {}, '5 pairs of trials cannot show one row to be slower. Give --repeat 6'],
    [6, {}, undefined],
    // each row has a part of the error only
    [6, loops(2), '6 pairs of trials cannot show any of 2 rows to be slower. Give --repeat 7'],
    [7, loops(2), undefined],
    // what was asked for is no rival, nor what cannot be run
    [6, { rate: [1000, 'max'] }, undefined],
    [6, { batch: [100, 1_000_000] }, undefined],
    [14, loops(250), undefined],
    [16, loops(251), undefined],
    // not all signs are tried then
    [17, loops(251), 'Give --repeat 14'],
    [10_000, loops(1700), 'Give fewer rows'],
  ])('of %i pairs of %j: %s', (repeat, grid, told) => {
    const check = () => cautions({ against: installation(), 'fail-if-slower': '5' }, { repeat, grid })
    if (told === undefined) expect(check()).toEqual([])
    else
      expect(check).toThrow(
        expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(told) }),
      )
  })

  test('may have as few pairs as it likes where nothing is to fail', () => {
    expect(cautions({ against: installation() }, { repeat: 1 })).toEqual([])
  })

  test('of rows that cannot be run cannot fail', () => {
    const args = { against: installation(), 'fail-if-slower': '5' }
    const all = { repeat: 9, grid: { batch: [1_000_000] } }
    expect(() => cautions(args, all)).toThrow(expect.objectContaining({ code: 'USAGE' }))
  })
})

describe('a check with an earlier run', () => {
  const written = (report: BenchReport) => file('old.json', JSON.stringify(report))
  const many = () => written(someReport({}, [steady(100)]))
  const few = () => written(someReport({}, [steady(100).slice(0, 5)]))
  /** Its first row is not measured now. */
  const mixed = () => written(someReport(loops(2), [steady(100).slice(0, 5), steady(100)]))

  test.each<[string, () => string, number, string]>([
    ['too few trials now', many, 5, '6 valid trials of a row are needed in both runs. Give --repeat 6'],
    ['too few trials then', few, 7, 'Give --repeat 7 for'],
    ['too few in both', few, 1, 'Give --repeat 6'],
    ['too few then of the row that both have', mixed, 7, 'Give --repeat 7 for'],
  ])('%s', (_, old, repeat, told) => {
    const check = () => cautions({ compare: old(), 'fail-if-slower': '20' }, { repeat })
    expect(check).toThrow(expect.objectContaining({ code: 'USAGE', message: expect.stringContaining(told) }))
  })

  test('one row that can be told is enough', () => {
    const check = cautions({ compare: mixed(), 'fail-if-slower': '20' }, { repeat: 6, grid: loops(2) })
    expect(check).toEqual([])
  })

  test('what sessions hide is said, where less was asked for', () => {
    const args = (limit: string) => ({ compare: many(), 'fail-if-slower': limit })
    expect(cautions(args('5'), { repeat: 6 })).toEqual([
      expect.stringContaining('--fail-if-slower 5: two runs tell of differences from 15 % on only'),
    ])
    expect(cautions(args('16'), { repeat: 6 })).toEqual([])
  })

  test('shares of a ceiling tell more', () => {
    const report = someReport({}, [steady(100)])
    const ofCeiling = { median: 0.5, low: 0.5, high: 0.5, method: 'order-statistic', coverage: 0.98 } as const
    const old = written({ ...report, cells: report.cells.map(cell => ({ ...cell, ofCeiling })) })
    const args = { compare: old, 'fail-if-slower': '5' }
    expect(cautions(args, { repeat: 6, ceiling: true })).toEqual([])
    expect(cautions(args, { repeat: 6 })).toHaveLength(1)
  })

  test('without a limit a run too short is not refused', () => {
    expect(cautions({ compare: few() }, { repeat: 1 })).toEqual([])
  })
})
