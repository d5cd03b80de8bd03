import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { Message, Producer, ProducerProperties } from '../../src/index.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const PARTITIONS = 4
const all = Array.from({ length: PARTITIONS }, (_, partition) => partition)
/** So long that what a test sends falls into one period, or two. */
const LONG = 900_000

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const callback = useProducers(() => cluster().bootstrapServers, 'callback')

async function partitionsOf(producer: Producer, messages: readonly Message[]): Promise<number[]> {
  const result = await producer.sendBatch(messages, { detail: 'all' })
  expect(result).toMatchObject({ delivered: messages.length, failed: 0 })
  return messages.map((_, index) => result.delivery(index)?.partition ?? Number.NaN)
}

/** A producer that knows the topic's partitions already. */
async function acquainted(properties: Partial<ProducerProperties>, topic: string): Promise<Producer> {
  const producer = await connect(properties)
  await producer.send({ topic, value: 'first', partition: 0 })
  return producer
}

const without = (topic: string, count: number): Message[] =>
  Array.from({ length: count }, () => ({ topic, value: 'v' }))

function frame(topic: string, count: number, partition: number | null) {
  const ranges = Uint32Array.from({ length: 2 * count }, (_, at) => at % 2)
  return { topic, partition, bytes: Buffer.from('v'), ranges }
}

describe('messages without a key', () => {
  test('stay with one partition, whatever they are sent with', async () => {
    const topic = freshTopic()
    const producer = await acquainted({ 'sticky.partitioning.linger.ms': LONG }, topic)

    const seen = new Set(await partitionsOf(producer, without(topic, 2500)))
    const framed = await producer.sendBatch(frame(topic, 2500, null), { detail: 'all' })
    for (let index = 0; index < 2500; index++) seen.add(framed.delivery(index)?.partition as number)
    for (const { partition } of await Promise.all(without(topic, 10).map(one => producer.send(one))))
      seen.add(partition)
    // a header has a message go by itself
    for (const partition of await partitionsOf(producer, [{ topic, value: 'v', headers: { h: 'x' } }]))
      seen.add(partition)

    expect(seen.size).toBeLessThanOrEqual(2)
  })

  test('leave a partition that has no leader', async () => {
    const topic = freshTopic()
    const properties = { 'sticky.partitioning.linger.ms': LONG, 'topic.metadata.refresh.interval.ms': 50 }
    const producer = await acquainted(properties, topic)
    const [dead] = await partitionsOf(producer, without(topic, 1))

    await cluster().setLeader(topic, dead as number, null)
    try {
      const another = async () => {
        const sent = producer.send({ topic, value: 'v' }).then(({ partition }) => partition)
        return Promise.race([sent, sleep(200, dead)])
      }
      await expect.poll(another, { timeout: 10_000 }).not.toBe(dead)
      expect(await partitionsOf(producer, without(topic, 1000))).not.toContain(dead)
    } finally {
      await cluster().setLeader(topic, dead as number, 1)
    }
  })
})

describe('messages with a key', () => {
  const partitioners = [
    'murmur2_random',
    'murmur2',
    'consistent_random',
    'consistent',
    'fnv1a_random',
    'fnv1a',
  ] as const

  test.each(partitioners)("%s: go where librdkafka's partitioner has them go", async partitioner => {
    const topic = freshTopic()
    const messages = Array.from({ length: 200 }, (_, n) => ({ topic, key: `key ${n}`, value: 'v' }))
    const properties = { partitioner, 'sticky.partitioning.linger.ms': LONG }
    const theirs = await callback(properties)
    await theirs.send({ topic, value: 'first', partition: 0 })

    const expected = await partitionsOf(theirs, messages)
    const found = await partitionsOf(await acquainted(properties, topic), messages)

    expect(found).toEqual(expected)
    expect([...new Set(found)].sort()).toEqual(all)
  })

  test('random: none of them is looked at', async () => {
    const topic = freshTopic()
    const producer = await acquainted({ partitioner: 'random' }, topic)
    const messages = Array.from({ length: 1000 }, () => ({ topic, key: 'one', value: 'v' }))

    expect([...new Set(await partitionsOf(producer, messages))].sort()).toEqual(all)
  })

  test.each([
    ['murmur2_random', 'is a key', true],
    ['consistent_random', 'is none', false],
  ] as const)('%s: an empty one %s', async (partitioner, _, isKey) => {
    const topic = freshTopic()
    const properties = { partitioner, 'sticky.partitioning.linger.ms': 1 }
    const producer = await acquainted(properties, topic)
    const seen = new Set<number>()
    for (let turn = 0; turn < 30; turn++) {
      for (const partition of await partitionsOf(producer, [{ topic, key: '', value: 'v' }]))
        seen.add(partition)
    }

    expect(seen.size > 1).toBe(!isKey)
  })
})

describe('messages with a partition', () => {
  test('go there, neighbours of others as well as in a frame', async () => {
    const topic = freshTopic()
    const producer = await connect()
    const given = Array.from({ length: 1200 }, (_, n) => (n < 600 ? n % PARTITIONS : 2))

    expect(
      await partitionsOf(
        producer,
        given.map(partition => ({ topic, value: 'v', partition })),
      ),
    ).toEqual(given)
    const framed = await producer.sendBatch(frame(topic, 2500, 3), { detail: 'all' })
    expect(Array.from({ length: 2500 }, (_, index) => framed.delivery(index)?.partition)).toEqual(
      Array(2500).fill(3),
    )
  })

  test.each([
    ['known', true],
    ['not known yet', false],
  ])('that there is not, of a topic that is %s: each fails, and tells of it', async (_, known) => {
    const topic = freshTopic()
    const producer = known ? await acquainted({}, topic) : await connect()

    const result = await producer.sendBatch(frame(topic, 1500, 77))

    expect(result).toMatchObject({ delivered: 0 })
    expect(result.failures).toHaveLength(1500)
    for (const { error } of result.failures) {
      expect(error).toMatchObject({ name: 'DeliveryError', kafkaName: '_UNKNOWN_PARTITION', partition: 77 })
    }
    // and none is left behind
    expect(producer.counts).toMatchObject({ inFlight: 0 })
  })
})
