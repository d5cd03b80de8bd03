import { describe, expect, test } from 'vitest'
import { type Cell, cellsOf, defaultGrid, plainCells, whyNotApplicable } from '../../src/bench/cell.ts'

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
        producers: 1,
        messageSize: 100,
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

  test('a plain run measures each way in, loops, and the other engine', () => {
    const cells = plainCells('batch', 4, 100).map(({ engine, api, loops }) => `${engine} ${api} ${loops}`)
    expect(cells).toEqual([
      'batch send 1',
      'batch batch 1',
      'batch framed 1',
      'batch batch 4',
      'callback batch 1',
    ])
  })
})

describe('whyNotApplicable', () => {
  test.each<[string, Partial<Cell>, string | undefined]>([
    ['the default', {}, undefined],
    ['a batch as large as what is outstanding', { batch: 10_000 }, undefined],
    ['a larger one', { batch: 10_001 }, 'a batch of 10001 does not fit into 10000 outstanding'],
    ['one message at a time', { api: 'send', batch: null, outstanding: 1 }, undefined],
    ['more than memory', { messageSize: 1_000_000 }, '10.0 GB would be on their way, of 1.0 GB that may be'],
    ['by many producers', { producers: 100 }, '1.1 GB would be on their way, of 1.0 GB that may be'],
  ])('%s', (_, change, why) => {
    expect(whyNotApplicable({ ...cell, ...change }, 1e9)).toBe(why)
  })
})
