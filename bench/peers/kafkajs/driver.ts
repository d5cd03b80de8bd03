import { CallDriver } from '../node/calls.ts'
import type { Connect } from '../node/driver.ts'
import { installed } from '../node/modules.ts'

/** What is used of kafkajs. */
interface KafkaJs {
  readonly Kafka: new (options: object) => { producer(options: object): KafkaJsProducer }
  readonly CompressionTypes: { readonly None: number; readonly GZIP: number }
  readonly Partitioners: { readonly DefaultPartitioner: unknown }
  readonly logLevel: { readonly ERROR: number }
}

interface KafkaJsProducer {
  connect(): Promise<void>
  send(call: { topic: string; acks: number; compression: number; messages: object[] }): Promise<object[]>
  disconnect(): Promise<void>
}

/** kafkajs: `send` with arrays, so many calls at a time. */
export const connect: Connect = async setup => {
  const { brokers, topic, properties, folder } = setup
  const { module, client } = await installed<KafkaJs>(folder, 'kafkajs')
  const { idempotent, acks, maxInFlightRequests, compression } = properties
  const kafka = new module.Kafka({ brokers: brokers.split(','), logLevel: module.logLevel.ERROR })
  const producer = kafka.producer({
    idempotent,
    maxInFlightRequests,
    allowAutoTopicCreation: false,
    createPartitioner: module.Partitioners.DefaultPartitioner,
  })
  await producer.connect()
  const codec = compression === 'gzip' ? module.CompressionTypes.GZIP : module.CompressionTypes.None
  return new CallDriver(
    {
      client,
      async send(values, partition) {
        const messages = values.map(value => (partition === null ? { value } : { value, partition }))
        await producer.send({ topic, acks: Number(acks), compression: codec, messages })
        return values.length
      },
      close: () => producer.disconnect(),
    },
    setup,
  )
}
