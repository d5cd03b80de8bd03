import { describe, expect, test } from 'vitest'
import { Admin } from '../../src/client/admin.ts'
import { DeliveryError, type Message, MillraceError } from '../../src/index.ts'
import { producerBehaviour } from '../producer/behaviour.ts'
import { transactionBehaviour } from '../producer/transactions.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'
import { describeOnKafka } from './brokers/suite.ts'

// the whole behaviour suite, on Kafka itself
await describeOnKafka('producer on Apache Kafka', { real: true }, kafka => {
  const bootstrapServers = () => kafka().bootstrapServers
  describe.each(['batch', 'callback'] as const)('the %s engine', engine =>
    producerBehaviour(bootstrapServers, engine),
  )

  describe.each(['batch', 'callback'] as const)('transactions of the %s engine', engine =>
    transactionBehaviour(bootstrapServers, engine, { hidesAborted: true }),
  )

  describe('what only Kafka refuses', () => {
    const connect = useProducers(bootstrapServers)

    async function topicWith(config: Record<string, string>): Promise<string> {
      const topic = freshTopic()
      const admin = Admin.open({ 'bootstrap.servers': bootstrapServers() })
      await admin.createTopic(topic, { partitions: 1, config })
      admin.close()
      return topic
    }

    test('a batch beyond the topic’s limit fails with the cause, and is not persisted', async () => {
      const topic = await topicWith({ 'max.message.bytes': '5000' })
      const producer = await connect({ 'linger.ms': 50 })
      await producer.send({ topic, value: 'small' })
      const large = { topic, value: Buffer.alloc(20_000, 'x') }
      const error = await producer.send(large).catch(error => error)
      expect(error).toBeInstanceOf(DeliveryError)
      expect(error).toMatchObject({
        kafkaCode: 10,
        kafkaName: 'MSG_SIZE_TOO_LARGE',
        fault: 'record',
        possiblyPersisted: false,
        topic,
        partition: 0,
      })
      const described = await producer.describeTopic(topic)
      expect(described?.partitions[0]?.high).toBe(1)
    })

    test('a null key in a compacted topic fails its batch', async () => {
      const topic = await topicWith({ 'cleanup.policy': 'compact' })
      const producer = await connect({ 'linger.ms': 100 })
      const messages: Message[] = Array.from({ length: 10 }, (_, n) => ({ topic, key: `${n}`, value: 'v' }))
      const { failed, failures } = await producer.sendBatch([...messages, { topic, value: 'no key' }])
      expect(failed).toBeGreaterThan(0)
      expect(failures.at(-1)?.index).toBe(10)
      for (const { index, error } of failures) {
        expect(error).toMatchObject({
          // the broker names the culprit
          kafkaName: index === 10 ? 'INVALID_RECORD' : '_INVALID_DIFFERENT_RECORD',
          fault: 'record',
          possiblyPersisted: false,
        })
      }
      const described = await producer.describeTopic(topic)
      expect(described?.partitions[0]?.high).toBe(11 - failed)
    })

    test('after a fatal error it takes no more, and everything is accounted for', async () => {
      const topic = await topicWith({ 'max.message.bytes': '5000' })
      const producer = await connect({ 'enable.gapless.guarantee': true, 'linger.ms': 0 })
      const fatal = new Promise<MillraceError>(resolve => producer.once('fatal', resolve))
      const first = await producer.send({ topic, value: Buffer.alloc(20_000, 'x') }).catch(error => error)
      expect(first).toBeInstanceOf(DeliveryError)
      expect(await fatal).toMatchObject({ code: 'PRODUCER_FATAL' })
      const calls: Promise<unknown>[] = [
        producer.send({ topic, value: 'v' }),
        producer.sendBatch([{ topic, value: 'v' }]),
        producer.produceFrom([{ topic, value: 'v' }]),
        producer.trySend({ topic, value: 'v' }) as Promise<unknown>,
      ]
      for (const call of calls) {
        const error = await call.catch(error => error)
        expect(error).toBeInstanceOf(MillraceError)
        expect(error).toMatchObject({ code: 'PRODUCER_FATAL' })
      }
      const { accepted, delivered, failed, unsent } = await producer.close()
      expect(accepted).toBe(delivered + failed + unsent.length)
    })
  })
})
