import { CallDriver } from '../node/calls.ts'
import type { Connect } from '../node/driver.ts'
import { installed } from '../node/modules.ts'

/** What is used of @confluentinc/kafka-javascript: its promises, which look like kafkajs. */
interface Confluent {
  readonly librdkafkaVersion: string
  readonly KafkaJS: {
    readonly Kafka: new (options?: object) => { producer(options: object): ConfluentProducer }
    readonly logLevel: { readonly ERROR: number }
  }
}

interface ConfluentProducer {
  connect(): Promise<void>
  send(call: { topic: string; messages: object[] }): Promise<object[]>
  disconnect(): Promise<void>
}

/** `send` with arrays; librdkafka lingers and gathers, so what goes out is not a call. */
export const connect: Connect = async setup => {
  const { brokers, topic, properties, folder } = setup
  const { module, client } = await installed<Confluent>(folder, '@confluentinc/kafka-javascript')
  const { Kafka, logLevel } = module.KafkaJS
  const producer = new Kafka({ kafkaJS: { logLevel: logLevel.ERROR } }).producer({
    ...properties,
    'bootstrap.servers': brokers,
  })
  await producer.connect()
  const driver = new CallDriver(
    {
      client: `${client}, librdkafka ${module.librdkafkaVersion}`,
      async send(values, partition) {
        const messages = values.map(value => (partition === null ? { value } : { value, partition }))
        await producer.send({ topic, messages })
        return values.length
      },
      close: () => producer.disconnect(),
    },
    setup,
  )
  return Object.defineProperty(driver, 'batches', { value: null })
}
