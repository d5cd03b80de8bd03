// One producer, five tasks at a time, ten messages, every one confirmed.
// Runs on an embedded cluster, or on MILLRACE_BROKERS.
import { mapLimit } from 'async'
import { type Delivery, Producer } from 'millrace'
import { EmbeddedCluster } from 'millrace/testing'

const TOPIC = 'mytopic'
const MESSAGES = 10
const TASKS = 5

const given = process.env.MILLRACE_BROKERS
const cluster = given ? undefined : await EmbeddedCluster.start()
if (cluster) console.log(`An embedded cluster at ${cluster.bootstrapServers}; it is not Kafka.`)

const producer = await Producer.connect({
  'bootstrap.servers': given ?? cluster?.bootstrapServers,
  'client.id': 'tutorial',
})

// Resolves when the broker has acknowledged the message.
function sendMessage(number: number): Promise<Delivery> {
  return producer.send({ topic: TOPIC, value: Buffer.from(`Message ${number}`, 'utf8') })
}

try {
  // The executor: no more than five tasks run at a time, each sends the next message.
  const numbers = Array.from({ length: MESSAGES }, (_, number) => number)
  const deliveries = await mapLimit(numbers, TASKS, async (number: number) => sendMessage(number))
  for (const [number, { topic, partition, offset }] of deliveries.entries()) {
    console.log(`Message ${number} -> ${topic} [${partition}] at offset ${offset}`)
  }
  await producer.flush()
} finally {
  const { accepted, delivered, failed, unsent } = await producer.close()
  console.log(`${accepted} accepted = ${delivered} delivered + ${failed} failed + ${unsent.length} unsent`)
  await cluster?.stop()
}
