import { describe, expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { TopicReader } from '../../src/engine/reader.ts'
import { type Message, Producer } from '../../src/index.ts'
import type { ChunkLine, ReceiptLine } from '../../src/load/receipt/format.ts'
import { readClaims } from '../../src/load/verify/claims.ts'
import { type Verification, type VerifyOptions, verify } from '../../src/load/verify/verify.ts'
import { useFiles } from '../cli/harness.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'
import { chunkLine, chunkOf, header, loadChunks, writeReceipt } from '../support/receipts.ts'
import { describeOnKafka } from './brokers/suite.ts'

const file = useFiles()
// what is compacted or too old is to go soon
const properties = {
  'log.cleaner.backoff.ms': '200',
  'log.retention.check.interval.ms': '500',
  'log.initial.task.delay.ms': '500',
}

await describeOnKafka('verify on Apache Kafka', { real: true, properties }, kafka => {
  const servers = () => ({ 'bootstrap.servers': kafka().bootstrapServers })
  const connect = useProducers(() => kafka().bootstrapServers, 'batch')

  async function withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = Admin.open(servers())
    try {
      return await use(admin)
    } finally {
      admin.close()
    }
  }

  async function topicOf(partitions: number, config: Record<string, string> = {}): Promise<string> {
    const topic = freshTopic()
    await withAdmin(admin => admin.createTopic(topic, { partitions, config }))
    return topic
  }

  async function facts(topic: string) {
    const reader = TopicReader.open(servers())
    try {
      return await reader.describe([topic])
    } finally {
      reader.close()
    }
  }

  /** A header as a load writes it, with the ids that the cluster tells. */
  async function told(topic: string) {
    const { clusterId, topics } = await facts(topic)
    const { topicId = null, partitions = 0 } = topics.get(topic) ?? {}
    return header({ clusterId, embedded: false, topics: [{ topic, topicId, partitions }] })
  }

  async function verified(lines: readonly ReceiptLine[], options: VerifyOptions = {}): Promise<Verification> {
    return verify(servers(), await readClaims(await writeReceipt(file('r.receipt', ''), lines)), options)
  }

  const outcomesOf = ({ verdicts }: Verification) =>
    verdicts.map(({ outcome, reason }) => (reason === null ? outcome : `${outcome} ${reason}`))

  const messagesOf = (topic: string, count: number, more: Partial<Message> = {}): Message[] =>
    Array.from({ length: count }, (_, n) => ({
      topic,
      value: n % 10 === 0 ? null : `value ${n} `.repeat(5),
      key: n % 3 === 0 ? '' : `key ${n}`,
      headers:
        n % 4 === 0
          ? [
              ['a', null],
              ['a', ''],
            ]
          : undefined,
      ...more,
    }))

  test('a load is present, by two writers at once', async () => {
    const topic = await topicOf(6)
    const [one, two] = await Promise.all([connect({ 'compression.type': 'lz4' }), connect()])
    const [chunks, others] = await Promise.all([
      loadChunks(one as Producer, messagesOf(topic, 200_000), 20_000),
      loadChunks(two as Producer, messagesOf(topic, 100_000), 10_000),
    ])
    const first = await told(topic)
    expect(first.clusterId).toMatch(/./)
    expect(first.topics[0]?.topicId).toMatch(/^[\w-]{22}$/)
    const verification = await verified([first, ...chunks])
    expect(outcomesOf(verification)).toEqual(Array(10).fill('present'))
    expect(verification.unchecked).toEqual([])
    expect(outcomesOf(await verified([first, ...others]))).toEqual(Array(10).fill('present'))
  })

  test('a topic that was deleted, then made again', async () => {
    const topic = await topicOf(2)
    const lines = [await told(topic), ...(await loadChunks(await connect(), messagesOf(topic, 100), 50))]
    await withAdmin(admin => admin.deleteTopic(topic))
    await expect
      .poll(async () => (await facts(topic)).topics.get(topic)?.exists, { timeout: 20_000 })
      .toBe(false)
    expect(outcomesOf(await verified(lines))).toEqual(['missing no-topic', 'missing no-topic'])
    await withAdmin(admin => admin.createTopic(topic, { partitions: 2 }))
    await expect
      .poll(async () => (await facts(topic)).topics.get(topic)?.exists, { timeout: 20_000 })
      .toBe(true)
    await loadChunks(await connect(), messagesOf(topic, 100), 50)
    expect(outcomesOf(await verified(lines))).toEqual(['unverifiable recreated', 'unverifiable recreated'])
  })

  test('records that the topic has let go of', async () => {
    const topic = await topicOf(1, { 'retention.ms': '600000', 'segment.ms': '60000' })
    const producer = await connect()
    // the younger ones come into a segment of their own
    const old = await loadChunks(producer, messagesOf(topic, 100, { timestamp: Date.now() - 3_600_000 }), 100)
    const young = await loadChunks(producer, messagesOf(topic, 100), 100)
    const lines = [await told(topic), ...old, ...young.map(chunk => ({ ...chunk, chunk: 1 }))]
    const now = async () => outcomesOf(await verified(lines))
    await expect.poll(now, { timeout: 40_000, interval: 500 }).toEqual(['unverifiable expired', 'present'])
  }, 60_000)

  test('a compacted topic', async () => {
    const topic = await topicOf(1, {
      'cleanup.policy': 'compact',
      'segment.ms': '200',
      'min.cleanable.dirty.ratio': '0.01',
      'max.compaction.lag.ms': '200',
    })
    const producer = await connect()
    const chunks: ChunkLine[] = await loadChunks(
      producer,
      messagesOf(topic, 200, { key: 'k', value: 'v' }),
      100,
    )
    const lines = [await told(topic), ...chunks]
    // segments roll when something is appended
    const later = async () => {
      await producer.send({ topic, key: 'another', value: 'later' })
      return outcomesOf(await verified(lines))[0]
    }
    await expect.poll(later, { timeout: 40_000, interval: 500 }).toBe('unverifiable compacted')
    const gone = chunkLine({ chunk: 9, delivered: 1, offsets: [[topic, 0, [[1_000_000, 1_000_000]]]] })
    expect(outcomesOf(await verified([...lines, gone])).at(-1)).toBe('missing absent')
  }, 60_000)

  describe('transactions', () => {
    test('aborted, open, then committed', async () => {
      const topic = await topicOf(1)
      const producer = await Producer.connect(
        { ...servers(), 'transactional.id': topic },
        { engine: 'batch' },
      )
      try {
        const messages = messagesOf(topic, 50)
        const all: ChunkLine[] = []
        const aborting = producer.transaction(async tx => {
          const sent = await tx.sendBatch(messages, { detail: 'all' })
          all.push(await chunkOf(0, messages, sent))
          throw new Error('on purpose')
        })
        await expect(aborting).rejects.toThrow()
        const first = await told(topic)
        expect(outcomesOf(await verified([first, ...all]))).toEqual(['unverifiable aborted'])
        await producer.transaction(async tx => {
          const sent = await tx.sendBatch(messages, { detail: 'all' })
          all.push(await chunkOf(1, messages, sent))
          expect(outcomesOf(await verified([first, ...all]))).toEqual([
            'unverifiable aborted',
            'unverifiable aborted',
          ])
        })
        expect(outcomesOf(await verified([first, ...all]))).toEqual(['unverifiable aborted', 'present'])
      } finally {
        await producer.close()
      }
    })
  })
})
