import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { Producer } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { describeOnKafka } from '../integration/brokers/suite.ts'

describe('Admin', () => {
  test('a cluster without a controller', async () => {
    const cluster = await EmbeddedCluster.start()
    const admin = Admin.open({ 'bootstrap.servers': cluster.bootstrapServers }, { timeoutMs: 500 })
    await expect(admin.createTopic('any', { partitions: 1 })).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'BROKER_UNREACHABLE',
    })
    admin.close()
    await cluster.stop()
  })

  test('properties that librdkafka does not take', () => {
    expect(() => Admin.open({ 'no.such.property': 1 })).toThrow(
      expect.objectContaining({ name: 'MillraceError', code: 'CONFIG_INVALID_VALUE' }),
    )
  })
})

await describeOnKafka('Admin', { real: true }, kafka => {
  let admin: Admin
  let producer: Producer
  beforeAll(async () => {
    const properties = { 'bootstrap.servers': kafka().bootstrapServers, 'allow.auto.create.topics': false }
    admin = Admin.open(properties)
    producer = await Producer.connect(properties)
  })
  afterAll(async () => {
    admin.close()
    await producer.close()
  })

  test('makes a topic and deletes it', async () => {
    const topic = `admin-${randomUUID()}`
    await admin.createTopic(topic, { partitions: 3 })
    await expect.poll(async () => (await producer.describeTopic(topic))?.partitions.length).toBe(3)
    await admin.deleteTopic(topic)
    await expect.poll(() => producer.describeTopic(topic)).toBeNull()
  })

  test('a topic with the settings of the brokers', async () => {
    const topic = `admin-${randomUUID()}`
    await admin.createTopic(topic)
    await expect.poll(async () => (await producer.describeTopic(topic))?.partitions.length).toBeGreaterThan(0)
    await admin.deleteTopic(topic)
  })

  test.each([
    [
      'made twice',
      (topic: string) => admin.createTopic(topic).then(() => admin.createTopic(topic)),
      'TOPIC_ALREADY_EXISTS',
    ],
    ['deleted, and not there', (topic: string) => admin.deleteTopic(topic), 'UNKNOWN_TOPIC_OR_PART'],
  ])('a topic %s', async (_, call, kafkaName) => {
    const topic = `admin-${randomUUID()}`
    await expect(call(topic)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'REQUEST_FAILED',
      context: { kafkaName },
    })
    await admin.deleteTopic(topic).catch(() => {})
  })
})
