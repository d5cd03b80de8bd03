import { existsSync, rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { loadClient } from '../../src/client/load.ts'
import { readTopic } from '../../src/client/read-topic.ts'
import { readReceipt } from '../../src/load/receipt/format.ts'
import { millrace, useFiles } from '../cli/harness.ts'
import { freshTopic } from '../support/cluster.ts'
import { program } from '../support/program.ts'
import { describeOnKafka } from './brokers/suite.ts'

const file = useFiles()
const lines = Array.from({ length: 1000 }, (_, n) => `k${n % 10}:${n}\n`).join('')

interface RdkafkaAdmin {
  createPartitions(topic: string, total: number, timeoutMs: number, done: (error?: Error) => void): void
  disconnect(): void
}

// row 27, where a cluster has ids
await describeOnKafka('receipts on Apache Kafka', { real: true }, kafka => {
  const bootstrapServers = () => kafka().bootstrapServers

  async function withAdmin<T>(use: (admin: Admin) => Promise<T>): Promise<T> {
    const admin = Admin.open({ 'bootstrap.servers': bootstrapServers() })
    try {
      return await use(admin)
    } finally {
      admin.close()
    }
  }

  const create = (topic: string) => withAdmin(admin => admin.createTopic(topic, { partitions: 2 }))

  async function produce(topic: string, path: string, ...more: string[]) {
    const own = ['-b', bootstrapServers(), '-t', topic, '-K', ':', path]
    const { exit, stdout, stderr } = await millrace(['produce', '--json', ...own, ...more])
    return { exit, stderr, ...JSON.parse(stdout) }
  }

  /** A load of the first half. */
  async function half() {
    const topic = freshTopic()
    await create(topic)
    const path = file(`${topic}.txt`, lines)
    // a topic that was just made may take a moment to be known everywhere
    await expect
      .poll(async () => (await produce(topic, path, '--limit', '500')).exit, { timeout: 20_000 })
      .toBe(0)
    return { topic, path, receipt: `${path}.receipt` }
  }

  const refusal = (message: RegExp) => ({
    exit: 2,
    error: { code: 'RECEIPT_UNFIT', message: expect.stringMatching(message) },
  })

  test('the ids of the cluster and the topic are written down, and nothing is left unchecked', async () => {
    const { topic, path, receipt } = await half()
    const { header } = await readReceipt(receipt, () => {})
    expect(header).toMatchObject({
      clusterId: expect.stringMatching(/./),
      topics: [{ topic, topicId: expect.stringMatching(/./), partitions: 2 }],
    })
    const resumed = await produce(topic, path, '--resume')
    expect(resumed).toMatchObject({ exit: 0, alreadyDone: 500, delivered: 500, read: 1000 })
    expect(resumed.stderr).not.toMatch(/Not checked/)
  })

  test('a topic that was deleted and made again is refused', async () => {
    const { topic, path } = await half()
    await withAdmin(admin => admin.deleteTopic(topic))
    await expect
      .poll(
        () =>
          create(topic).then(
            () => 'made',
            () => 'not yet',
          ),
        { timeout: 20_000 },
      )
      .toBe('made')
    await expect
      .poll(() => produce(topic, path, '--resume'), { timeout: 20_000 })
      .toMatchObject(refusal(/deleted and made again/))
  })

  test('a topic that is gone is refused', async () => {
    const { topic, path } = await half()
    await withAdmin(admin => admin.deleteTopic(topic))
    await expect
      .poll(() => produce(topic, path, '--resume'), { timeout: 20_000 })
      .toMatchObject({ exit: 2, error: { code: 'UNKNOWN_TOPIC' } })
  })

  test('a topic that was given more partitions is refused', async () => {
    const { topic, path } = await half()
    const { rdkafka } = loadClient()
    const admin = rdkafka.AdminClient.create({
      'bootstrap.servers': bootstrapServers(),
    }) as unknown as RdkafkaAdmin
    await new Promise<void>((resolve, reject) => {
      admin.createPartitions(topic, 5, 10_000, error => (error ? reject(error) : resolve()))
    })
    admin.disconnect()
    await expect
      .poll(() => produce(topic, path, '--resume'), { timeout: 20_000 })
      .toMatchObject(refusal(/had 2 partitions, and has 5/))
  })

  test('topics that records name are known again, too', async () => {
    const topic = freshTopic()
    await create(topic)
    const envelopes = lines.replaceAll(/k\d:(\d+)/g, `{"topic":"${topic}","value":"$1"}`)
    const path = file(`${topic}.envelope`, envelopes)
    const run = async (...more: string[]) => {
      const { exit, stdout } = await millrace(['produce', '--json', '-b', bootstrapServers(), path, ...more])
      return { exit, ...JSON.parse(stdout) }
    }
    await expect
      .poll(
        async () => {
          rmSync(`${path}.receipt`, { force: true })
          return (await run('--limit', '500')).exit
        },
        { timeout: 20_000 },
      )
      .toBe(0)
    await withAdmin(admin => admin.deleteTopic(topic))
    await expect
      .poll(
        () =>
          create(topic).then(
            () => 'made',
            () => 'not yet',
          ),
        { timeout: 20_000 },
      )
      .toBe('made')
    await expect
      .poll(() => run('--resume'), { timeout: 20_000 })
      .toMatchObject(refusal(/deleted and made again/))
  })

  // row 22
  test('a load that is killed, and resumed, leaves no gap', { timeout: 60_000 }, async () => {
    const topic = freshTopic()
    await create(topic)
    const count = 20_000
    const path = file(`${topic}.txt`, Array.from({ length: count }, (_, n) => `k${n % 10}:${n}\n`).join(''))
    const { child, ended } = program([
      ...['produce', '-b', bootstrapServers(), '-t', topic, '-K', ':', path, '--rate', '8000'],
    ])
    await expect.poll(() => existsSync(`${path}.receipt`), { timeout: 20_000, interval: 5 }).toBe(true)
    await sleep(Math.random() * 2000)
    child.kill('SIGKILL')
    await ended
    expect(await produce(topic, path, '--resume')).toMatchObject({ exit: 0, read: count })
    const byKey = new Map<string, number[]>()
    for await (const { key, value, partition, offset } of readTopic(
      { 'bootstrap.servers': bootstrapServers() },
      { topic },
    )) {
      const list = byKey.get(`${partition} ${key}`) ?? []
      list[offset] = Number(value)
      byKey.set(`${partition} ${key}`, list)
    }
    const seen = [...byKey.values()].map(list => list.filter(value => value !== undefined))
    expect(new Set(seen.flat()).size).toBe(count)
    // the last of each record is behind the last of those before it
    for (const list of seen) {
      const last = [...new Map(list.map((value, place) => [value, place]))].sort((a, b) => a[1] - b[1])
      expect(last.map(([value]) => value)).toEqual(last.map(([value]) => value).sort((a, b) => a - b))
    }
  })
})
