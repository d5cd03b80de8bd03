import { afterEach, describe, expect, test } from 'vitest'
import { type RunsToRead, TopicReader, type TopicReaderOptions } from '../../src/engine/reader.ts'
import { type Message, MillraceError } from '../../src/index.ts'
import { recordHasher } from '../../src/load/record-hash.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { freshTopic, useEmbeddedCluster, useProducers } from '../support/cluster.ts'
import { runChild } from '../support/installation.ts'

const cluster = useEmbeddedCluster()
const connect = useProducers(() => cluster().bootstrapServers, 'batch')
const hasher = await recordHasher()

const opened: TopicReader[] = []
afterEach(() => {
  for (const reader of opened.splice(0)) reader.close()
})

function open(options: TopicReaderOptions = {}, servers = cluster().bootstrapServers): TopicReader {
  const reader = TopicReader.open({ 'bootstrap.servers': servers }, { timeoutMs: 5000, ...options })
  opened.push(reader)
  return reader
}

/** A topic whose only partition has these many records. */
async function filled(count: number): Promise<{ topic: string; messages: Message[] }> {
  const topic = freshTopic()
  await cluster().createTopic(topic, { partitions: 1 })
  const messages = Array.from({ length: count }, (_, n) => ({ topic, value: `value ${n}`, key: `${n % 7}` }))
  const producer = await connect()
  const { delivered } = await producer.sendBatch(messages)
  expect(delivered).toBe(count)
  return { topic, messages }
}

const runsOf = (topic: string, limit: number, ...ends: number[]): RunsToRead => ({
  topic,
  partition: 0,
  low: 0,
  limit,
  runs: Float64Array.from(ends),
})

describe('a reader', () => {
  test('counts and hashes what each run has', async () => {
    const { topic, messages } = await filled(1000)
    const [found] = await open().read([runsOf(topic, 1000, 0, 9, 10, 10, 500, 899, 950, 1200)])
    expect([...(found?.records ?? [])]).toEqual([10, 1, 400, 50])
    expect([...(found?.hashes ?? [])]).toEqual([
      hasher.sum(messages, 0, 10),
      hasher.sum(messages, 10, 11),
      hasher.sum(messages, 500, 900),
      hasher.sum(messages, 950, 1000),
    ])
    expect(found).toMatchObject({ topic, partition: 0, error: undefined, next: Number.POSITIVE_INFINITY })
  })

  test('leaps over what lies far between two runs', async () => {
    const { topic, messages } = await filled(120_000)
    let seen = 0
    const [found] = await open().read([runsOf(topic, 120_000, 5, 5, 119_990, 119_999)], {
      onProgress: ({ records }) => {
        seen = records
      },
    })
    expect([...(found?.records ?? [])]).toEqual([1, 10])
    expect(found?.hashes[1]).toBe(hasher.sum(messages, 119_990, 120_000))
    expect(seen).toBeLessThan(60_000)
  })

  test('says what there is', async () => {
    const { topic } = await filled(30)
    const reader = open()
    const { topics, clusterId } = await reader.describe([topic, 'nowhere'])
    expect(topics.get(topic)).toMatchObject({ exists: true, partitions: 1, cleanupPolicy: null })
    expect(topics.get('nowhere')).toMatchObject({ exists: false, topicId: null })
    expect(clusterId).toMatch(/./)
    expect(
      await reader.offsets([
        { topic, partition: 0 },
        { topic, partition: 8 },
      ]),
    ).toEqual([{ low: 0, high: 30, stable: 30 }, null])
  })

  test('an abort ends a reading with what was seen', async () => {
    const { topic } = await filled(10)
    const abort = new AbortController()
    // what is beyond the end is waited for
    const reading = open({ timeoutMs: 60_000 }).read([runsOf(topic, 1e9, 0, 1e8)], {
      signal: abort.signal,
      onProgress: ({ records }) => {
        if (records === 10) abort.abort()
      },
    })
    const [found] = await reading
    expect([...(found?.records ?? [])]).toEqual([10])
    expect(found?.next).toBe(10)
  })

  test('a log that ends before it was told to ends the reading in time', async () => {
    const { topic } = await filled(10)
    const [found] = await open({ timeoutMs: 300 }).read([runsOf(topic, 1e9, 0, 1e8)])
    expect([...(found?.records ?? [])]).toEqual([10])
    expect(found?.next).toBe(Number.POSITIVE_INFINITY)
  })

  test('a cluster that falls silent in the middle is an error in time', async () => {
    const own = await EmbeddedCluster.start({ topics: { t: 1 } })
    try {
      await own.setBrokerDown(1)
      const reading = open({ timeoutMs: 400 }, own.bootstrapServers).read([runsOf('t', 10, 0, 9)])
      await expect(reading).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' })
    } finally {
      await own.stop()
    }
  })

  test('a topic that may not be read is told with its name', async () => {
    const { topic } = await filled(1)
    await cluster().setTopicError(topic, 'TOPIC_AUTHORIZATION_FAILED')
    const error = await open()
      .describe([topic])
      .catch(error => error)
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'REQUEST_FAILED' })
    expect(error.message).toContain(topic)
  })

  test('one call at a time, none after close', async () => {
    const reader = open({ timeoutMs: 300 }, '127.0.0.1:1')
    const first = reader.describe(['t'])
    await expect(reader.describe(['t'])).rejects.toMatchObject({ code: 'USAGE' })
    await expect(first).rejects.toMatchObject({ code: 'BROKER_UNREACHABLE' })
    reader.close()
    await expect(reader.describe(['t'])).rejects.toMatchObject({ code: 'USAGE' })
  })

  test('closed in the middle of a call', async () => {
    const reader = open({}, '127.0.0.1:1')
    const call = reader.describe(['t'])
    reader.close()
    await expect(call).rejects.toMatchObject({ code: 'ABORTED' })
  })

  const refused: readonly [why: string, properties: Record<string, string>][] = [
    ['a value that librdkafka does not take', { 'security.protocol': 'carrier pigeon' }],
    ['a NUL character', { 'client.id': 'a\0b' }],
    ['a callback for tokens', { 'sasl.mechanism': 'OAUTHBEARER' }],
  ]
  test.each(refused)('%s is refused', (_, properties) => {
    const call = () => TopicReader.open({ 'bootstrap.servers': 'h:1', ...properties })
    expect(call).toThrow(expect.objectContaining({ code: 'CONFIG_INVALID_VALUE' }))
  })

  test('threads and the process may end while it reads', async () => {
    expect(await runChild('engine/children/readers-end', [])).toEqual({ ended: 25, errors: [] })
  }, 120_000)
})
