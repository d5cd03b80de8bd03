import { createRequire } from 'node:module'
import type NodeRdkafka from 'node-rdkafka'

const { Producer } = createRequire(import.meta.url)('node-rdkafka') as typeof NodeRdkafka

/** What a bare node-rdkafka producer learns from these brokers when it connects: node ids in order. */
export function brokersSeenByClient(bootstrapServers: string): Promise<number[]> {
  return withProducer(bootstrapServers, async producer => {
    const ids = await new Promise<number[]>((resolve, reject) => {
      producer.getMetadata({ timeout: 10_000 }, (error, metadata) => {
        if (error) reject(error)
        else resolve(metadata.brokers.map(broker => broker.id))
      })
    })
    return ids.sort((a, b) => a - b)
  })
}

/** How one message of so many bytes ends, with a bare node-rdkafka producer: null, or the broker's error. */
export function outcomeOf(bootstrapServers: string, topic: string, bytes: number): Promise<string | null> {
  return withProducer(bootstrapServers, producer => {
    return new Promise(resolve => {
      producer.on('delivery-report', error => resolve(error ? error.message : null))
      producer.setPollInterval(50)
      producer.produce(topic, null, Buffer.alloc(bytes))
    })
  })
}

async function withProducer<Result>(
  bootstrapServers: string,
  use: (producer: NodeRdkafka.Producer) => Promise<Result>,
): Promise<Result> {
  const producer = new Producer({ 'bootstrap.servers': bootstrapServers, dr_cb: true })
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: 20_000 }, error => (error ? reject(error) : resolve()))
  })
  try {
    return await use(producer)
  } finally {
    await new Promise<void>(resolve => producer.disconnect(() => resolve()))
  }
}
