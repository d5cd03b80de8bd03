import { describe, expect, test } from 'vitest'
import { ceilingIndexOf, cellsOf, defaultGrid, withCeilings } from '../../src/bench/cell.ts'
import { estimateSeconds, orderOf, type Plan, settingsOf } from '../../src/bench/plan.ts'

const plan: Plan = {
  cells: cellsOf({ ...defaultGrid, loops: [1, 2, 3, 4] }),
  repeat: 5,
  seed: 1,
  warmupSeconds: 1,
  length: { seconds: 5 },
  allowFailures: false,
  properties: {},
  memoryBytes: 1e9,
}

describe('orderOf', () => {
  test('every round has each cell once, in an order of its own', () => {
    const order = orderOf(plan)
    const rounds = Array.from({ length: 5 }, (_, round) => order.slice(4 * round, 4 * round + 4))
    for (const round of rounds) expect([...round].sort()).toEqual([0, 1, 2, 3])
    expect(new Set(rounds.map(String)).size).toBeGreaterThan(1)
  })

  test('comes from the seed', () => {
    expect(orderOf(plan)).toEqual(orderOf({ ...plan }))
    expect(orderOf(plan)).not.toEqual(orderOf({ ...plan, seed: 2 }))
  })

  test('every second round is the one before it, backwards', () => {
    const order = orderOf(plan)
    expect(order.slice(4, 8)).toEqual(order.slice(0, 4).reverse())
    expect(order.slice(12, 16)).toEqual(order.slice(8, 12).reverse())
  })

  test.each([1, 2, 3, 4])('%i cells stand around their ceiling, and change sides', loops => {
    const grid = {
      ...defaultGrid,
      messageSize: [100, 1000],
      loops: Array.from({ length: loops }, (_, n) => n + 1),
    }
    const cells = withCeilings(cellsOf(grid))
    const order = orderOf({ ...plan, cells, repeat: 2 })
    const rounds = [order.slice(0, cells.length), order.slice(cells.length)]
    for (const round of rounds) {
      expect([...round].sort((a, b) => a - b)).toEqual(cells.map((_, index) => index))
    }
    for (const [index] of cells.entries()) {
      const ceiling = ceilingIndexOf(cells, index)
      if (ceiling === -1) continue
      const distances = rounds.map(round => round.indexOf(index) - round.indexOf(ceiling))
      expect(Math.abs(distances[0] as number)).toBeLessThanOrEqual(Math.ceil(loops / 2))
      expect(distances[0]).toBe(-(distances[1] as number))
    }
  })

  test('leaves out what cannot be run', () => {
    const cells = cellsOf({ ...defaultGrid, batch: [10, 100_000] })
    expect(orderOf({ ...plan, cells, repeat: 2 })).toEqual([0, 0])
  })
})

test.each([
  ['of time', { seconds: 5 }, 20 * 6, 20 * 8],
  ['of messages', { messages: 1_000_000 }, 20 * 6, 20 * 8],
])('the estimate counts every window %s, and what is around it', (_, length, least, most) => {
  expect(estimateSeconds({ ...plan, length })).toBeGreaterThan(least)
  expect(estimateSeconds({ ...plan, length })).toBeLessThan(most)
})

test('another installation doubles the estimate', () => {
  const against = { folder: '/other', version: '0.0.1', trialProcess: '/other/dist/bench/trial-process.js' }
  expect(estimateSeconds({ ...plan, against })).toBe(2 * estimateSeconds(plan))
})

test('so does each layer of a row that has them, and those of brokers are four', () => {
  const cells = cellsOf({ ...defaultGrid, threads: [1, 2] })
  const own = { ...plan, cells, brokers: undefined }
  expect(estimateSeconds({ ...own, stages: true })).toBeCloseTo(2 * estimateSeconds(own), 6)
  const given = { ...own, brokers: 'host:1' }
  expect(estimateSeconds({ ...given, stages: true })).toBeCloseTo(2.5 * estimateSeconds(given), 6)
})

test('settings hold no secret', () => {
  const settings = settingsOf({ ...plan, properties: { 'sasl.password': 'swordfish', 'linger.ms': 5 } })
  expect(JSON.stringify(settings)).not.toContain('swordfish')
  expect(settings.properties).toMatchObject({ 'linger.ms': 5 })
})
