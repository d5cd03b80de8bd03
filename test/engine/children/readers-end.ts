// Threads, and at last this process, end in the middle of reading.
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { loadBinding } from '../../../src/engine/binding.ts'
import { TopicReader } from '../../../src/engine/reader.ts'
import { Producer } from '../../../src/index.ts'
import { EmbeddedCluster } from '../../../src/testing/index.ts'

const WORKERS = 25
const MOST_MS = 120
const topic = 'ends'

const cluster = await EmbeddedCluster.start({ topics: { [topic]: 4 } })
const properties = { 'bootstrap.servers': cluster.bootstrapServers }
const producer = await Producer.connect(properties, { engine: 'batch' })
await producer.sendBatch(
  Array.from({ length: 20_000 }, (_, n) => ({ topic, value: `value ${n}`, key: `${n}` })),
)
await producer.close()

// in a worker the addon's own functions are called: node-rdkafka cannot be loaded there
const reading = `
  const { parentPort, workerData: { path, servers, topic, kind } } = require('node:worker_threads')
  const addon = require(path)
  const properties = ['bootstrap.servers', servers, 'enable.partition.eof', 'true', 'auto.offset.reset', 'earliest']
  const wake = () => {
    // begins again at once: there is always a job under way
    if (kind === 'describe') addon.readerDescribe(reader, topic, 10000)
    else if (kind === 'offsets') addon.readerOffsets(reader, topic, Int32Array.of(0, 0, 0, 1), 10000)
    else if (kind === 'read') addon.readerRead(reader, topic, Int32Array.of(0, 0, 0, 1, 0, 2), Float64Array.of(0, 1e9, 1, 0, 1e9, 1, 0, 1e9, 1), Float64Array.of(0, 1e8, 0, 1e8, 0, 1e8), 10000)
    else if (kind === 'close') { addon.readerDescribe(reader, topic, 10000); addon.readerClose(reader) }
  }
  const reader = addon.readerOpen(properties.map(piece => piece + '\\0').join(''), wake)
  if (typeof reader !== 'number') throw new Error(reader)
  wake()
  parentPort.on('message', () => {})
  parentPort.postMessage('reading')
`

const kinds = ['describe', 'offsets', 'read', 'close'] as const
const errors: string[] = []
let ended = 0
for (let n = 0; n < WORKERS; n++) {
  const kind = kinds[n % kinds.length]
  const workerData = { path: loadBinding().path, servers: cluster.bootstrapServers, topic, kind }
  const worker = new Worker(reading, { eval: true, workerData })
  worker.on('error', error => errors.push(String(error)))
  // some before they have begun, some in the middle
  if (n % 5 !== 0) await new Promise(resolve => worker.once('message', resolve))
  await sleep((n * 37) % MOST_MS)
  await worker.terminate()
  ended++
}

const reader = TopicReader.open(properties)
const far = Float64Array.of(0, 1e9)
void reader.read([{ topic, partition: 0, low: 0, limit: 1e9, runs: far }]).catch(() => {})
await sleep(50)
process.stdout.write(`${JSON.stringify({ ended, errors })}\n`)
process.exit(0)
