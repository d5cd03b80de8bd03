import { describe, expect, test } from 'vitest'
import {
  type Cell,
  ceilingIndexOf,
  cellsOf,
  defaultGrid,
  plainCells,
  whyNotApplicable,
  withCeilings,
} from '../../src/bench/cell.ts'

const [cell] = cellsOf(defaultGrid) as [Cell]

describe('cellsOf', () => {
  test('the default is one cell', () => {
    expect(cellsOf(defaultGrid)).toEqual([
      {
        engine: 'batch',
        api: 'batch',
        batch: 1000,
        outstanding: 10_000,
        loops: 1,
        threads: 1,
        producers: 1,
        processes: 1,
        messageSize: 100,
        rate: 'max',
        compression: 'none',
        partitions: 4,
        acks: 'all',
      },
    ])
  })

  test('every combination is there once', () => {
    const cells = cellsOf({ ...defaultGrid, loops: [1, 4], producers: [1, 2], messageSize: [100, 1024] })
    const points = cells.map(({ loops, producers, messageSize }) => [loops, producers, messageSize].join())
    expect(points).toEqual([
      '1,1,100',
      '1,1,1024',
      '1,2,100',
      '1,2,1024',
      '4,1,100',
      '4,1,1024',
      '4,2,100',
      '4,2,1024',
    ])
  })

  test('send has no batch, and so no more cells for more batches', () => {
    const cells = cellsOf({ ...defaultGrid, api: ['send', 'framed'], batch: [10, 100] })
    expect(cells.map(({ api, batch }) => [api, batch])).toEqual([
      ['send', null],
      ['framed', 10],
      ['framed', 100],
    ])
  })

  test.each([
    ['batch', ['batch 1', 'batch 4', 'callback 1']],
    ['callback', ['callback 1', 'callback 4']],
  ] as const)('a plain run of the %s engine measures loops, and the other engine', (engine, expected) => {
    expect(plainCells(engine, 4, 100).map(({ engine, loops }) => `${engine} ${loops}`)).toEqual(expected)
  })
})

describe('withCeilings', () => {
  const told = (cells: readonly Cell[]) =>
    cells.map(({ engine, api, messageSize }) => [engine, api, messageSize].join(' '))

  test('cells that offer the same to librdkafka in different ways share one', () => {
    const grid = { ...defaultGrid, engine: ['batch', 'callback'] as const, loops: [1, 4], batch: [10, 100] }
    const cells = withCeilings(
      cellsOf({ ...grid, api: ['send', 'framed'], threads: [1, 2], rate: [1000, 'max'] }),
    )
    expect(cells.filter(({ engine }) => engine === 'ceiling')).toEqual([
      { ...cell, engine: 'ceiling', api: null, batch: null },
    ])
    expect(cells[0]?.engine).toBe('ceiling')
    expect(cells.map((_, index) => ceilingIndexOf(cells, index))).toEqual([-1, ...Array(48).fill(0)])
  })

  test('another configuration has another', () => {
    const cells = withCeilings(cellsOf({ ...defaultGrid, messageSize: [100, 1000], api: ['send', 'batch'] }))
    expect(told(cells)).toEqual(
      ['ceiling  100', 'send 100', 'ceiling  1000', 'send 1000', 'batch 100', 'batch 1000'].map(text =>
        text.startsWith('ceiling') ? text : `batch ${text}`,
      ),
    )
    expect(cells.map((_, index) => ceilingIndexOf(cells, index))).toEqual([-1, 0, -1, 2, 0, 2])
  })

  test.each([
    'outstanding',
    'producers',
    'processes',
    'messageSize',
    'compression',
    'partitions',
    'acks',
  ] as const)('%s is configuration', field => {
    const other = {
      outstanding: 5,
      producers: 2,
      processes: 2,
      messageSize: 5,
      compression: 'lz4',
      partitions: 5,
      acks: '1',
    }
    const cells = [cell, { ...cell, [field]: other[field] }] as Cell[]
    expect(withCeilings(cells)).toHaveLength(4)
  })

  test('without ceilings there is none', () => {
    expect(ceilingIndexOf([cell], 0)).toBe(-1)
  })
})

describe('whyNotApplicable', () => {
  test.each<[string, Partial<Cell>, string | undefined]>([
    ['the default', {}, undefined],
    ['a batch as large as what is outstanding', { batch: 10_000 }, undefined],
    ['a larger one', { batch: 10_001 }, 'a batch of 10001 does not fit into 10000 outstanding'],
    ['one message at a time', { api: 'send', batch: null, outstanding: 1 }, undefined],
    ['a thread of its own', { threads: 2 }, undefined],
    [
      'threads of the callback engine',
      { engine: 'callback', threads: 2 },
      'the callback engine can be used by one thread only',
    ],
    [
      "a batch larger than a thread's share",
      { threads: 4, batch: 5000 },
      'a batch of 5000 does not fit into 2500 outstanding, of 10000 for 4 threads',
    ],
    [
      'more threads than messages',
      { api: 'send', batch: null, threads: 4, outstanding: 3 },
      'a batch of 1 does not fit into 0 outstanding, of 3 for 4 threads',
    ],
    ['more than memory', { messageSize: 1_000_000 }, '10.0 GB would be on their way, of 1.0 GB that may be'],
    ['in many processes', { processes: 100 }, '1.1 GB would be on their way, of 1.0 GB that may be'],
    ['by many producers', { producers: 100 }, '1.1 GB would be on their way, of 1.0 GB that may be'],
  ])('%s', (_, change, why) => {
    expect(whyNotApplicable({ ...cell, ...change }, 1e9)).toBe(why)
  })
})
