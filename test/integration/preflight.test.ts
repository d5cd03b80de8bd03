import { describe, expect, test } from 'vitest'
import { Admin, type NewTopic } from '../../src/client/admin.ts'
import { topicConfigs } from '../../src/engine/topic-configs.ts'
import { batchSize } from '../../src/load/dry-run/sizes.ts'
import { millrace, useFiles } from '../cli/harness.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'
import { describeOnKafka } from './brokers/suite.ts'

// fault matrix, row 26: what the topic would refuse or soon delete is found before the first send
await describeOnKafka('preflight on Apache Kafka', { real: true }, kafka => {
  const file = useFiles()
  const connect = useProducers(() => kafka().bootstrapServers)
  const DAY = 86_400_000

  async function topicWith(
    config: Record<string, string>,
    options: NewTopic = { partitions: 1 },
  ): Promise<string> {
    const topic = freshTopic()
    const admin = Admin.open({ 'bootstrap.servers': kafka().bootstrapServers })
    await admin.createTopic(topic, { ...options, config })
    admin.close()
    return topic
  }

  const produce = (...argv: string[]) =>
    millrace(['produce', '-b', kafka().bootstrapServers, '--no-receipt', ...argv])

  async function endOffset(topic: string): Promise<number | undefined> {
    const producer = await connect({ 'allow.auto.create.topics': false })
    const described = await producer.describeTopic(topic)
    return described?.partitions.reduce((sum, { high }) => sum + high, 0)
  }

  const stamped = (...timestamps: number[]) =>
    file(`${freshTopic()}.ndjson`, timestamps.map(t => `{"id":"k","t":${t}}\n`).join(''))
  const ofTime = ['--timestamp-field', 't', '--key-field', 'id']

  describe('refused before the first send, with the figures', () => {
    test.each([
      [
        'older than retention.ms',
        { 'retention.ms': `${DAY}` },
        -2 * DAY,
        /1 of 1 sampled.*retention\.ms=86400000, 1 d/,
      ],
      [
        'too old for the broker',
        { 'message.timestamp.before.max.ms': '60000' },
        -2 * DAY,
        /before\.max\.ms=60000, 1 min/,
      ],
      ['in the future', {}, 2 * DAY, /future.*after\.max\.ms=3600000, 1 h/],
      ['LogAppendTime', { 'message.timestamp.type': 'LogAppendTime' }, 0, /LogAppendTime.*own time/],
    ])('%s', async (_name, config, age, text) => {
      const topic = await topicWith(config)
      const { exit, stderr, stdout } = await produce(
        '-t',
        topic,
        ...ofTime,
        stamped(Date.now() + age),
        '--json',
      )
      expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(text) })
      expect(stderr).toContain('--allow-expired')
      expect(JSON.parse(stdout)).toMatchObject({ error: { code: 'PREFLIGHT_REFUSED' }, exitCode: 2 })
      expect(await endOffset(topic)).toBe(0)
    })

    test('envelopes, by the topics that they name, from standard input', async () => {
      const topic = await topicWith({ 'retention.ms': `${DAY}` })
      const line = JSON.stringify({
        topic,
        key: 'k',
        value: 'v',
        timestamp: Date.now() - 2 * DAY,
        encoding: 'utf8',
      })
      const { exit, stderr } = await millrace(
        ['produce', '-b', kafka().bootstrapServers, '--format', 'envelope'],
        { stdin: `${line}\n` },
      )
      expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/standard input/) })
      expect(await endOffset(topic)).toBe(0)
    })

    test('null keys to a compacted topic, which --allow-expired does not change', async () => {
      const topic = await topicWith({ 'cleanup.policy': 'compact' })
      const { exit, stderr } = await produce('-t', topic, '--allow-expired', file('a.txt', 'a\n'))
      expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/compacted.*--key-field/) })
      expect(await endOffset(topic)).toBe(0)
      expect(await produce('-t', topic, '-K', ':', file('k.txt', 'k:v\n'))).toMatchObject({ exit: 0 })
    })

    test('a topic that does not exist', async () => {
      const topic = freshTopic()
      const { exit, stderr } = await produce('-t', topic, file('a.txt', 'a\n'))
      expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/no topic.*--create-topic/) })
      expect(await endOffset(topic)).toBeUndefined()
    })

    test('a batch.size beyond what the topic takes', async () => {
      const topic = await topicWith({ 'max.message.bytes': '5000' })
      const argv = ['-X', 'batch.size=9000', file('a.txt', 'a\n')]
      const { exit, stderr } = await produce('-t', topic, ...argv)
      expect({ exit, stderr }).toEqual({
        exit: 2,
        stderr: expect.stringMatching(/5,000 bytes.*batch\.size is 9,000/),
      })
      // it may well get small enough
      expect(await produce('-t', topic, '-z', 'gzip', ...argv)).toMatchObject({ exit: 0 })
    })
  })

  describe('the ways out', () => {
    test.each([
      ['retention', { 'retention.ms': `${DAY}` }, /deletes?.*minutes later/],
      ['LogAppendTime', { 'message.timestamp.type': 'LogAppendTime' }, /LogAppendTime/],
    ])('--allow-expired: %s is told and loaded', async (_name, config, text) => {
      const topic = await topicWith(config)
      const { exit, stderr } = await produce(
        '-t',
        topic,
        ...ofTime,
        '--allow-expired',
        stamped(Date.now() - 2 * DAY),
      )
      expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringMatching(text) })
      expect(stderr).not.toContain('--allow-expired')
    })

    test.each([
      ['with partitions', '--create-topic=3', 3],
      ['as the brokers have it set', '--create-topic', 1],
    ])('--create-topic, %s: made, led, and loaded', async (_name, flag, partitions) => {
      const topic = freshTopic()
      const { exit, stderr } = await produce('-t', topic, flag, file('a.txt', 'a\nb\n'))
      expect({ exit, stderr }).toEqual({
        exit: 0,
        stderr: expect.stringContaining(`Made the topic ${topic}`),
      })
      const described = await (await connect()).describeTopic(topic)
      expect(described?.partitions).toHaveLength(partitions)
      const again = await produce('-t', topic, '--create-topic=7', file('a.txt', 'a\nb\n'))
      expect(again.exit).toBe(0)
      expect(again.stderr).toMatch(/was there already, with \d partitions? instead of 7/)
      expect(await endOffset(topic)).toBe(4)
    })
  })

  test('batches are kept within what the topic takes: many small records are all delivered', async () => {
    const topic = await topicWith({ 'max.message.bytes': '5000' })
    const lines = file('many.txt', 'x'.repeat(99).concat('\n').repeat(2000))
    const { exit, stderr } = await produce('-t', topic, '-X', 'linger.ms=100', lines)
    expect({ exit, stderr }).toEqual({ exit: 0, stderr: expect.stringContaining('batch.size is 5,000') })
    expect(await endOffset(topic)).toBe(2000)
  })

  test('records of any size that the topic takes are delivered', async () => {
    const topic = await topicWith({ 'max.message.bytes': '3000000' })
    const lines = file('large.txt', `${'x'.repeat(2_500_000)}\n`)
    expect(await produce('-t', topic, lines)).toMatchObject({ exit: 0 })
    expect(await endOffset(topic)).toBe(1)
  })

  test('retention.bytes that the files will outgrow is told', async () => {
    const topic = await topicWith({ 'retention.bytes': '1000' })
    const { exit, stderr } = await produce('-t', topic, file('1001.txt', `${'x'.repeat(2000)}\n`))
    expect({ exit, stderr }).toEqual({
      exit: 0,
      stderr: expect.stringContaining('keeps 1,000 bytes a partition'),
    })
  })

  test('a dry run tells to the byte which records the topic takes', async () => {
    const topic = await topicWith({ 'max.message.bytes': '5000' })
    const overhead = 5000 - batchSize({ key: -1, value: 4900, headers: 0, headerBytes: 0 })
    const record = (size: number) => file(`${freshTopic()}.txt`, `${'x'.repeat(size)}\n`)
    const [fits, doesNot] = [record(4900 + overhead), record(4901 + overhead)]
    expect(await produce('-t', topic, fits)).toMatchObject({ exit: 0 })
    expect((await produce('-t', topic, '--on-bad-record', 'skip', doesNot)).exit).toBe(3)
    expect(await produce('-t', topic, '--dry-run', fits)).toMatchObject({ exit: 0 })
    const { exit, stdout } = await produce('-t', topic, '--dry-run', '--json', fits, doesNot)
    expect({ exit, ...JSON.parse(stdout) }).toMatchObject({
      exit: 3,
      sent: 1,
      beyondRecords: [{ input: doesNot, line: 1, bytes: 5001, limit: 5000 }],
      topics: [{ topic, partitions: 1 }],
    })
  })

  test('the callback engine is checked through a client of the other', async () => {
    const topic = await topicWith({ 'cleanup.policy': 'compact' })
    const { exit, stderr } = await produce('-t', topic, '--engine', 'callback', file('a.txt', 'a\n'))
    expect({ exit, stderr }).toEqual({ exit: 2, stderr: expect.stringMatching(/compacted/) })
  })

  test('configurations of several topics, one of them not there', async () => {
    const topic = await topicWith({ 'max.message.bytes': '5000' })
    const producer = await connect()
    const broker = (await producer.topicLeaders(topic))?.[0]?.leader ?? -1
    const answers = await topicConfigs(producer, [topic, 'no-such-topic'], { broker })
    expect((answers.get(topic) as Map<string, string>).get('max.message.bytes')).toBe('5000')
    expect(answers.get('no-such-topic')).toMatchObject({
      name: 'MillraceError',
      code: 'REQUEST_FAILED',
      context: { kafkaName: 'UNKNOWN_TOPIC_OR_PART' },
    })
  })
})
