import { describe, expect, test } from 'vitest'
import { cellsOf, defaultGrid } from '../../src/bench/cell.ts'
import { estimateSeconds, orderOf, type Plan, settingsOf, turnsOf } from '../../src/bench/plan.ts'

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

  test('leaves out what cannot be run', () => {
    const cells = cellsOf({ ...defaultGrid, batch: [10, 100_000] })
    expect(orderOf({ ...plan, cells, repeat: 2 })).toEqual([0, 0])
  })
})

describe('turnsOf', () => {
  const against = { folder: '/other', version: '0.0.1', trialProcess: '/other/dist/bench/trial-process.js' }

  test('alone: the order of the cells', () => {
    expect(turnsOf(plan)).toEqual(orderOf(plan).map(cell => ({ cell, other: undefined })))
  })

  test('with another installation each trial has its twin beside it, first as often as second', () => {
    const turns = turnsOf({ ...plan, repeat: 4, against })
    expect(turns).toHaveLength(4 * 4 * 2)
    const pairs = Array.from({ length: 16 }, (_, at) => turns.slice(2 * at, 2 * at + 2))
    const firstOf = new Map<number, number>()
    for (const [one, two] of pairs) {
      expect(one?.cell).toBe(two?.cell)
      expect([one?.other, two?.other].filter(other => other === against)).toHaveLength(1)
      if (one?.other === against) firstOf.set(one.cell, (firstOf.get(one.cell) ?? 0) + 1)
    }
    expect([...firstOf.values()]).toEqual([2, 2, 2, 2])
  })

  test('takes twice as long', () => {
    expect(estimateSeconds({ ...plan, against })).toBe(2 * estimateSeconds(plan))
  })
})

test.each([
  ['of time', { seconds: 5 }, 20 * 6, 20 * 8],
  ['of messages', { messages: 1_000_000 }, 20 * 6, 20 * 8],
])('the estimate counts every window %s, and what is around it', (_, length, least, most) => {
  expect(estimateSeconds({ ...plan, length })).toBeGreaterThan(least)
  expect(estimateSeconds({ ...plan, length })).toBeLessThan(most)
})

test('settings hold no secret', () => {
  const settings = settingsOf({ ...plan, properties: { 'sasl.password': 'swordfish', 'linger.ms': 5 } })
  expect(JSON.stringify(settings)).not.toContain('swordfish')
  expect(settings.properties).toMatchObject({ 'linger.ms': 5 })
})
