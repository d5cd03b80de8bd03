import { describe, expect, test } from 'vitest'
import { type Cell, cellsOf, defaultGrid } from '../../../src/bench/cell.ts'
import { type SpaceOptions, setUp, spaceOf } from '../../../src/bench/tune/space.ts'

const [cell] = cellsOf(defaultGrid) as [Cell]

function space(more: Partial<SpaceOptions> = {}): Record<string, readonly (string | number)[]> {
  const options: SpaceOptions = {
    goal: { kind: 'throughput' },
    cell,
    lists: {},
    properties: {},
    cores: 4,
    ownPayloads: false,
    ...more,
  }
  return Object.fromEntries(spaceOf(options).map(({ name, values }) => [name, values]))
}

describe('spaceOf', () => {
  test('begins where the start is', () => {
    expect(space()).toEqual({
      producers: [1, 2, 4],
      threads: [1, 2, 4],
      loops: [1, 4],
      outstanding: [10_000, 100_000, 2500],
      'linger.ms': [5, 0, 25, 100],
      'batch.size': [1_000_000, 250_000, 65_536],
      'max.in.flight.requests.per.connection': [5, 2, 1],
    })
  })

  test.each<[string, Partial<SpaceOptions>, string]>([
    ['a property, by whatever name', { properties: { 'queue.buffering.max.ms': 7 } }, 'linger.ms'],
    ['a list of one', { lists: { producers: [2] }, cell: { ...cell, producers: 2 } }, 'producers'],
    ['threads of the callback engine', { cell: { ...cell, engine: 'callback' } }, 'threads'],
    ['compression of random payloads', {}, 'compression'],
  ])('%s is not searched', (_, more, name) => {
    expect(space(more)).not.toHaveProperty([name])
  })

  test('a list that was given is what there is to search', () => {
    expect(space({ lists: { producers: [3, 9] }, cell: { ...cell, producers: 3 } }).producers).toEqual([3, 9])
  })

  test("compression with the user's payloads; more in flight without idempotence", () => {
    expect(space({ ownPayloads: true }).compression).toContain('lz4')
    const { 'max.in.flight.requests.per.connection': free } = space({
      properties: { 'enable.idempotence': false },
    })
    expect(free).toEqual([1_000_000, 5, 2, 1])
  })

  test('no linger that a latency goal leaves no room for', () => {
    expect(space({ goal: { kind: 'latency', p99Ms: 4 } })['linger.ms']).toEqual([5, 0, 1, 2])
    expect(space({ goal: { kind: 'latency', p99Ms: 0.5 } })['linger.ms']).toEqual([5, 0])
  })
})

test('what is as at the start is not set', () => {
  const start = { producers: 1, 'linger.ms': 5, 'batch.size': 1 }
  const setup = setUp({ cell, properties: { a: 1 } }, start, { ...start, producers: 2, 'linger.ms': 25 })
  expect(setup).toEqual({ cell: { ...cell, producers: 2 }, properties: { a: 1, 'linger.ms': 25 } })
})
