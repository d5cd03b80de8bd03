import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { Producer } from '../../src/index.ts'
import { millrace, useFiles } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { describeOnKafka } from './brokers/suite.ts'

const file = useFiles()
const RECORDS = 2000
let number = 0

// rows 17 and 18 of the fault matrix: which record of a refused batch is to blame
await describeOnKafka('who is at fault, on Apache Kafka', { real: true }, kafka => {
  async function topicWith(config: Record<string, string>): Promise<string> {
    const topic = freshTopic()
    const admin = Admin.open({ 'bootstrap.servers': kafka().bootstrapServers })
    await admin.createTopic(topic, { partitions: 2, config })
    admin.close()
    return topic
  }

  /** How many records are in the topic. */
  async function lengthOf(topic: string): Promise<number> {
    const producer = await Producer.connect({ 'bootstrap.servers': kafka().bootstrapServers })
    const described = await producer.describeTopic(topic)
    await producer.close()
    return described?.partitions.reduce((sum, { high }) => sum + high, 0) ?? 0
  }

  async function load(topic: string, content: string, argv: readonly string[]) {
    const input = file(`${++number}.ndjson`, content)
    const letters = file(`${number}.letters`, '')
    const { exit, stdout } = await millrace([
      'produce',
      '--json',
      '-b',
      kafka().bootstrapServers,
      '-t',
      topic,
      '-X',
      'linger.ms=100',
      '--dead-letter',
      letters,
      ...argv,
      input,
    ])
    const account = JSON.parse(stdout)
    const lines = readFileSync(letters, 'utf8').split('\n').slice(0, -1)
    const { read, sent, skipped, rejected, unsent, delivered, failed } = account
    expect(read).toBe(sent + skipped + rejected + unsent)
    expect(sent).toBe(delivered + failed)
    const found = lines.map(line => JSON.parse(line))
    return { exit, account, letters: found.sort((a, b) => a.source.line - b.source.line) }
  }

  const numbered = (make: (n: number) => string) =>
    Array.from({ length: RECORDS }, (_, n) => make(n)).join('\n')

  describe.each([
    ['the batch engine', ['--engine', 'batch']],
    ['the batch engine and threads', ['--engine', 'batch', '--threads', '2']],
    ['the callback engine', ['--engine', 'callback']],
  ] as const)('%s', (_name, engine) => {
    test.each([
      ['one null key', [700]],
      ['several null keys', [3, 700, 701, 1999]],
    ] as const)('%s to a compacted topic: only these are put aside', async (_name, culprits) => {
      const topic = await topicWith({ 'cleanup.policy': 'compact' })
      const content = numbered(
        n => `{"id":${(culprits as readonly number[]).includes(n) ? 'null' : `"k${n}"`}}`,
      )
      const { exit, account, letters } = await load(topic, content, [...engine, '--key-field', 'id'])
      expect({ exit, account }).toMatchObject({
        exit: 3,
        account: { delivered: RECORDS - culprits.length, rejected: culprits.length, failed: 0 },
      })
      expect(letters).toMatchObject(
        culprits.map(n => ({
          key: null,
          value: '{"id":null}',
          error: { kafkaCode: 87 },
          source: { line: n + 1 },
        })),
      )
      // each that is acquitted once, and for each culprit the halves that were refused with it
      expect(account.resent).toBeLessThanOrEqual(RECORDS * (1 + culprits.length))
      expect(await lengthOf(topic)).toBe(RECORDS - culprits.length)
    })

    test('one too large for the topic, among many that only together are: only it is put aside', async () => {
      const topic = await topicWith({ 'max.message.bytes': '10000' })
      const content = numbered(n => `{"id":"${n === 900 ? 'x'.repeat(20_000) : `${n}${'.'.repeat(100)}`}"}`)
      const { exit, account, letters } = await load(topic, content, engine)
      expect({ exit, account }).toMatchObject({
        exit: 3,
        account: { delivered: RECORDS - 1, rejected: 1, failed: 0 },
      })
      expect(letters).toMatchObject([{ error: { kafkaCode: 10 }, source: { line: 901 } }])
      expect(await lengthOf(topic)).toBe(RECORDS - 1)
    })

    test('timestamps that the topic does not take', async () => {
      const topic = await topicWith({ 'message.timestamp.before.max.ms': '86400000' })
      const now = Date.now()
      const content = numbered(n => `{"t":${n % 500 === 7 ? now - 2 * 86_400_000 : now}}`)
      const argv = [...engine, '--timestamp-field', 't', '--allow-expired']
      const { exit, account, letters } = await load(topic, content, argv)
      expect({ exit, account }).toMatchObject({ exit: 3, account: { delivered: RECORDS - 4, rejected: 4 } })
      expect(letters.map(({ source }) => source.line)).toEqual([8, 508, 1008, 1508])
      expect(await lengthOf(topic)).toBe(RECORDS - 4)
    })
  })
})
