import { describe, expect, test } from 'vitest'
import { type Scaling, scalingOf } from '../../src/bench/scaling.ts'
import type { Trial } from '../../src/bench/trial.ts'
import { someReport, steady, validTrial } from './reports.ts'

const rules = { margin: 5, seed: 1 }

function along(loops: number[], trials: Trial[][]): Scaling {
  const [found] = scalingOf(someReport({ loops }, trials).cells, 2, rules)
  if (found === undefined) throw new Error('no scaling was found')
  return found
}

/** CPU seconds in a window of 2 s. */
const cpu = (seconds: number) => ({ cpuSeconds: { user: seconds, system: 0 } })

describe('scalingOf', () => {
  test('gain and efficiency, and where more stops paying', () => {
    const found = along([1, 2, 4], [steady(100), steady(180), steady(182)])
    expect(found).toMatchObject({ axis: 'loops', knee: 2, certain: true })
    expect(found.points.map(({ value }) => value)).toEqual([1, 2, 4])
    expect(found.points[1]?.gain).toBeCloseTo(1.8, 10)
    expect(found.points[1]?.efficiency).toBeCloseTo(0.9, 10)
    expect(found.points[2]?.efficiency).toBeCloseTo(0.455, 10)
    expect(found.text).toBe(
      'loops: take 2, more does not pay: 4 made 1.01 times the rate of 2; 2 made 1.80 times the rate of 1, efficiency 90 %. At 2 nothing that was measured was near its limit; cluster and network were not measured.',
    )
  })

  test('values are sorted as numbers, whatever the order of the list', () => {
    const found = along([16, 2, 4], [steady(182), steady(100), steady(180)])
    expect(found.points.map(({ value }) => value)).toEqual([2, 4, 16])
    expect(found.knee).toBe(4)
  })

  test('the first is best', () => {
    const found = along([1, 4], [steady(100), steady(60)])
    expect(found).toMatchObject({ knee: 1, certain: true })
    expect(found.text).toMatch(/^loops: take 1, more does not pay: 4 made 0\.60 times the rate of 1\./)
  })

  test('no end within what was measured', () => {
    const found = along([1, 2], [steady(100), steady(200)])
    expect(found).toMatchObject({ knee: 2, certain: true })
    expect(found.text).toBe(
      'loops: 2 made 2.00 times the rate of 1, efficiency 100 %; larger values may pay still.',
    )
  })

  test('a dip is not the end', () => {
    expect(along([1, 2, 4], [steady(100), steady(90), steady(200)]).knee).toBe(4)
  })

  test('three trials are not certain', () => {
    const few = (rate: number) => steady(rate).slice(0, 3)
    const found = along([1, 2, 4], [few(100), few(180), few(182)])
    expect(found).toMatchObject({ knee: 2, certain: false })
    expect(found.text).toContain(
      'loops: going by medians that these trials are too few or too uneven to bear out, take 2',
    )
  })

  test('tells what was near its end at the knee, and what to do', () => {
    const found = along([1, 4], [steady(100, cpu(3.8)), steady(100)])
    expect(found.limits).toEqual(['this process alone used 1.9 of 2 cores, which leaves none for more'])
    expect(found.text).toBe(
      'loops: take 1, more does not pay: 4 made 1.00 times the rate of 1. At 1 this process alone used 1.9 of 2 cores, ' +
        'which leaves none for more. Only more cores, or another machine beside this one, carry more.',
    )
  })

  test('where the largest is best, too', () => {
    const found = along([1, 2], [steady(100), steady(200, cpu(3.8))])
    expect(found.text).toBe(
      'loops: 2 made 2.00 times the rate of 1, efficiency 100 %; larger values may pay still. ' +
        'But this process alone used 1.9 of 2 cores, which leaves none for more.',
    )
  })

  test('each combination of the other settings has a line of its own', () => {
    const report = someReport({ api: ['batch', 'framed'], loops: [1, 2] }, [
      steady(100),
      steady(200),
      steady(300),
      steady(310),
    ])
    const found = scalingOf(report.cells, 2, rules)
    expect(found.map(({ axis, knee }) => [axis, knee])).toEqual([
      ['loops', 2],
      ['loops', 1],
    ])
    expect(found[1]?.text).toMatch(/^loops \(framed\): /)
  })

  test('message size is seen by bytes, not by messages', () => {
    const report = someReport({ messageSize: [100, 1000] }, [
      steady(1e6, { megabytesPerSecond: 100 }),
      steady(3e5, { megabytesPerSecond: 300 }),
    ])
    expect(scalingOf(report.cells, 2, rules)[0]).toMatchObject({
      measure: 'megabytesPerSecond',
      knee: 1000,
      certain: true,
      points: [
        { rate: 100, efficiency: null },
        { rate: 300, gain: 3, efficiency: null },
      ],
    })
  })

  test('nothing where an axis has one measured value', () => {
    const faulty: Trial = { order: 1, state: 'void', why: 'it died' }
    expect(scalingOf(someReport({ loops: [1, 2] }, [steady(100), [faulty]]).cells, 2, rules)).toEqual([])
    expect(
      scalingOf(someReport({ api: ['send', 'batch'] }, [[validTrial(1)], [validTrial(2)]]).cells, 2, rules),
    ).toEqual([])
  })
})
