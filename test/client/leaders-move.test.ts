import { afterEach, describe, expect, test } from 'vitest'
import { readTopic } from '../../src/client/read-topic.ts'
import { TopicReader } from '../../src/engine/reader.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers)
const properties = () => ({ 'bootstrap.servers': cluster().bootstrapServers })
const moving = ['NOT_LEADER_FOR_PARTITION', 'NOT_LEADER_FOR_PARTITION'] as const

afterEach(() => cluster().clearErrors('ListOffsets'))

/** A topic whose only partition has one message. */
async function filled(): Promise<string> {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions: 1 })
  await (await connect()).send({ topic, value: 'one' })
  return topic
}

describe('a leader that moves while offsets are asked for', () => {
  test('does not keep a producer from describing a topic', async () => {
    const topic = await filled()
    const producer = await connect()
    cluster().pushErrors('ListOffsets', moving)
    expect(await producer.describeTopic(topic)).toMatchObject({ partitions: [{ low: 0, high: 1 }] })
  })

  test.each(['beginning', { beforeEnd: 1 }] as const)(
    'does not keep anybody from reading a topic from %j',
    async from => {
      const topic = await filled()
      cluster().pushErrors('ListOffsets', moving)
      const values: string[] = []
      for await (const { value } of readTopic(properties(), { topic, from })) values.push(String(value))
      expect(values).toEqual(['one'])
    },
  )

  test('does not keep a load from being verified', async () => {
    const topic = await filled()
    const reader = TopicReader.open(properties())
    try {
      cluster().pushErrors('ListOffsets', moving)
      expect(await reader.offsets([{ topic, partition: 0 }])).toMatchObject([{ low: 0, high: 1 }])
    } finally {
      reader.close()
    }
  })

  test('is told when it does not end', async () => {
    const topic = await filled()
    cluster().pushErrors('ListOffsets', Array(100).fill(moving[0]))
    const reading = readTopic(properties(), { topic, timeoutMs: 1000 }).next()
    await expect(reading).rejects.toMatchObject({
      code: 'REQUEST_FAILED',
      context: { kafkaName: 'NOT_LEADER_FOR_PARTITION' },
    })
  })
})
