import { describe, expect, test } from 'vitest'
import { type Cell, cellsOf, defaultGrid } from '../../src/bench/cell.ts'
import { orderOf, type Plan } from '../../src/bench/plan.ts'
import { turnsOf } from '../../src/bench/turns.ts'

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

  test('layers stand next to each other, every second round backwards', () => {
    const cells = cellsOf({ ...defaultGrid, engine: ['batch', 'callback'] })
    const [batch, callback] = [0, 1]
    const turns = turnsOf({ ...plan, cells, repeat: 2, stages: true, brokers: 'host:1' })
    expect(turns).toHaveLength(2 * 5)
    const told = turns.map(({ cell, stage }) => (cell === callback ? 'callback' : (stage ?? 'itself')))
    const layers = ['javascript', 'addon', 'embedded', 'itself']
    expect(told.slice(0, 5).filter(name => name !== 'callback')).toEqual(layers)
    expect(told).toEqual(told.toReversed())
    expect(turns.filter(({ cell }) => cell === batch)).toHaveLength(8)
  })

  test('a ceiling has no twin', () => {
    const [first, ...others] = plan.cells
    const ceiling = { ...first, engine: 'ceiling' } as unknown as Cell
    const turns = turnsOf({ ...plan, cells: [ceiling, ...others], repeat: 1, against })
    expect(turns.filter(({ cell }) => cell === 0)).toEqual([{ cell: 0, other: undefined }])
    expect(turns).toHaveLength(7)
  })
})
