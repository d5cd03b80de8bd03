// One producer, five worker threads, ten messages, every one confirmed.
// Runs on an embedded cluster, or on MILLRACE_BROKERS.
import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import { Producer } from 'millrace'
import { EmbeddedCluster } from 'millrace/testing'

const TOPIC = 'mytopic'
const MESSAGES = 10
const THREADS = 5

const given = process.env.MILLRACE_BROKERS
const cluster = given ? undefined : await EmbeddedCluster.start()
if (cluster) console.log(`An embedded cluster at ${cluster.bootstrapServers}; it is not Kafka.`)

const producer = await Producer.connect(
  { 'bootstrap.servers': given ?? cluster?.bootstrapServers, 'client.id': 'threads' },
  // threads share a producer through the addon
  { engine: 'batch' },
)

// Resolves when the thread's messages are confirmed and it has ended.
async function runThread(numbers: number[], thread: number): Promise<void> {
  const worker = new Worker(new URL('./threads-worker.mjs', import.meta.url), {
    // a token is all that a thread needs to send through the producer
    workerData: { token: producer.share(), topic: TOPIC, numbers },
    execArgv: [],
  })
  worker.on('message', ({ number, partition, offset }) => {
    console.log(`thread ${thread}: Message ${number} -> ${TOPIC} [${partition}] at offset ${offset}`)
  })
  // rejects when the thread throws
  await once(worker, 'exit')
}

try {
  const all = Array.from({ length: MESSAGES }, (_, number) => number)
  const parts = Array.from({ length: THREADS }, (_, thread) => all.filter(n => n % THREADS === thread))
  await Promise.all(parts.map(runThread))
  await producer.flush()
} finally {
  const { accepted, delivered, failed, unsent } = await producer.close()
  console.log(`${accepted} accepted = ${delivered} delivered + ${failed} failed + ${unsent.length} unsent`)
  await cluster?.stop()
}
