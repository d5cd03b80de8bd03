import { describe, expect, test } from 'vitest'
import { type Api, type Cell, cellsOf, defaultGrid } from '../../src/bench/cell.ts'
import { offersOf } from '../../src/bench/offers.ts'
import { randomRing } from '../../src/bench/payloads.ts'

const ring = randomRing(8, 1)
const payload = (index: number) => ring.bytes.subarray(8 * index, 8 * index + 8)

function offers(api: Api, batch: number) {
  return offersOf(ring, 'orders', cellsOf({ ...defaultGrid, api: [api], batch: [batch] })[0] as Cell)
}

describe('offersOf', () => {
  test('send goes round the ring', () => {
    const { message } = offers('send', 1)
    const around = Array.from({ length: 16_385 }, () => message())
    expect(around[0]).toEqual({ topic: 'orders', value: payload(0) })
    expect(around[16_383]?.value).toEqual(payload(16_383))
    expect(around[16_384]).toBe(around[0])
  })

  test('batches follow one another in the ring', () => {
    const { batch } = offers('batch', 3)
    expect(batch(3).map(({ value }) => value)).toEqual([payload(0), payload(1), payload(2)])
    expect(batch(2).map(({ value }) => value)).toEqual([payload(3), payload(4)])
  })

  test('a batch larger than the ring has its payloads again', () => {
    const messages = offers('batch', 16_385).batch(16_385)
    expect(messages[16_384]).toBe(messages[0])
  })

  test('frames point to the same bytes', () => {
    const { framed } = offers('framed', 2)
    expect([...framed(2).ranges]).toEqual([0, 8, 8, 16])
    const short = framed(1)
    expect([...short.ranges]).toEqual([16, 24])
    expect(short.bytes).toBe(ring.bytes)
  })
})
