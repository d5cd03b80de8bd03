import { describe, expect, test } from 'vitest'
import type { BatchResult, Framed } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const PARTITIONS = 4
const MANY = 3000

function frame(topic: string, count: number): Framed {
  const ranges = new Uint32Array(2 * count)
  for (let at = 0; at < count; at++) ranges.set([at, at + 1], 2 * at)
  return { topic, bytes: Buffer.alloc(count, 'x'), ranges }
}

const array = (topic: string, count: number) => Array.from({ length: count }, () => ({ topic, value: 'x' }))

function partitionsOf(result: BatchResult, count: number): number[] {
  return Array.from({ length: count }, (_, index) => result.delivery(index)?.partition ?? -1)
}

describe.each(['batch', 'callback'] as const)('messages without a key, %s engine', engine => {
  const cluster = useEmbeddedCluster()
  const connect = useProducers(() => cluster().bootstrapServers, engine)

  describe.each([
    ['framed', frame],
    ['one by one', array],
  ] as const)('%s', (_, messages) => {
    /** To a topic that the producer does not know yet, and again when it does. */
    async function twice(properties: Record<string, string | number>): Promise<number[]> {
      const topic = freshTopic()
      const producer = await connect({ 'allow.auto.create.topics': true, ...properties })
      const found: number[] = []
      for (let call = 0; call < 2; call++) {
        const result = await producer.sendBatch(messages(topic, MANY), { detail: 'all' })
        expect(result).toMatchObject({ delivered: MANY, failures: [] })
        found.push(...partitionsOf(result, MANY))
      }
      return found
    }

    test('keep to one partition for as long as sticky.partitioning.linger.ms says', async () => {
      // before the leaders are known, librdkafka spreads them
      const found = (await twice({ 'sticky.partitioning.linger.ms': 60_000 })).slice(MANY)
      expect(new Set(found).size).toBe(1)
      expect(found[0]).toBeGreaterThanOrEqual(0)
    })

    test('are spread where it says 0', async () => {
      const found = await twice({ 'sticky.partitioning.linger.ms': 0 })
      expect(new Set(found)).toEqual(new Set(Array.from({ length: PARTITIONS }, (_, number) => number)))
    })

    test('change the partition when its time is over', async () => {
      const topic = freshTopic()
      const producer = await connect({
        'allow.auto.create.topics': true,
        'sticky.partitioning.linger.ms': 1,
      })
      const found = new Set<number>()
      await expect
        .poll(
          async () => {
            const result = await producer.sendBatch(messages(topic, 100), { detail: 'all' })
            for (const partition of partitionsOf(result, 100)) found.add(partition)
            return found.size
          },
          { timeout: 10_000, interval: 2 },
        )
        .toBe(PARTITIONS)
    })

    test('go where no key hashes to, with a partitioner that hashes', async () => {
      const topic = freshTopic()
      const producer = await connect({ 'allow.auto.create.topics': true, partitioner: 'murmur2' })
      const { partition } = await producer.send({ topic, key: '', value: 'x' })
      const result = await producer.sendBatch(messages(topic, MANY), { detail: 'all' })
      expect(new Set(partitionsOf(result, MANY))).toEqual(new Set([partition]))
    })
  })

  test('leave those with a key where they belong', async () => {
    const topic = freshTopic()
    const producer = await connect({
      'allow.auto.create.topics': true,
      'sticky.partitioning.linger.ms': 60_000,
    })
    const alone = new Map<string, number>()
    for (const key of ['a', 'b', 'c', 'd', 'e'])
      alone.set(key, (await producer.send({ topic, key, value: 'x' })).partition)
    const keys = Array.from({ length: 600 }, (_, n) => (n % 3 === 0 ? [...alone.keys()][n % 5] : undefined))
    const result = await producer.sendBatch(
      keys.map(key => ({ topic, value: 'x', ...(key === undefined ? {} : { key }) })),
      { detail: 'all' },
    )
    const found = partitionsOf(result, keys.length)
    expect(found.filter((_, n) => keys[n] !== undefined)).toEqual(
      keys.flatMap(key => (key === undefined ? [] : (alone.get(key) as number))),
    )
    expect(new Set(found.filter((_, n) => keys[n] === undefined)).size).toBe(1)
  })
})
