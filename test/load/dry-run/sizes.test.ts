import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clientSize, headerSize, SizeHistogram } from '../../../src/load/dry-run/sizes.ts'
import type { Header } from '../../../src/types.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers)

describe('what librdkafka holds against message.max.bytes, to the byte', () => {
  const headers: Header[] = [
    ['a', 'x'.repeat(100)],
    ['é', Buffer.alloc(64)],
    ['none', null],
  ]
  test.each([
    ['a value', null, []],
    ['a key and a value', 'key', []],
    ['headers too', 'key', headers],
  ])('%s', async (_name, key, headers) => {
    const limit = 2000
    const size = (value: number) =>
      clientSize({
        key: key?.length ?? -1,
        value,
        headers: headers.length,
        headerBytes: headers.reduce((sum, header) => sum + headerSize(header), 0),
      })
    const value = 'x'.repeat(limit - size(0))
    const producer = await connect({ 'message.max.bytes': limit, 'allow.auto.create.topics': true })
    const topic = freshTopic()
    await producer.send({ topic, key, headers, value })
    await expect(producer.send({ topic, key, headers, value: `${value}x` })).rejects.toMatchObject({
      code: 'MESSAGE_TOO_LARGE',
    })
  })
})

describe('SizeHistogram', () => {
  test('octaves', () => {
    const sizes = new SizeHistogram()
    for (const size of [2, 3, 4, 5, 8, 9, 64, 65]) sizes.add(size)
    expect(sizes.octaves.filter(({ records }) => records > 0)).toEqual([
      { upTo: 2, records: 1 },
      { upTo: 4, records: 2 },
      { upTo: 8, records: 2 },
      { upTo: 16, records: 1 },
      { upTo: 64, records: 1 },
      { upTo: 128, records: 1 },
    ])
    expect(sizes.range).toEqual({ least: 2, mean: 20, most: 65 })
    expect(sizes.bytes).toBe(160)
  })

  test('of nothing', () => {
    expect(new SizeHistogram().range).toBeNull()
    expect(new SizeHistogram().octaves).toEqual([])
  })

  test('each record is in the one octave that fits', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1_000_000_000 }), size => {
        const sizes = new SizeHistogram()
        sizes.add(size)
        const { octaves } = sizes
        expect(octaves).toHaveLength(1)
        const upTo = octaves[0]?.upTo as number
        expect(size <= upTo && (size <= 1 ? size === upTo : size > upTo / 2)).toBe(true)
      }),
    )
  })
})
