// node-rdkafka without delivery reports: `no-reports.ts MESSAGES`, the task on standard input. Nothing tells it what was
// acknowledged when, only its flush that nothing is left; who wants a rate watches the topic (adapters/watched.ts).
import { ringFromFile } from '../../../src/bench/payloads.ts'
import { partitionOf } from '../node/driver.ts'
import { firstTask } from '../node/speak.ts'
import { rdkafka } from './module.ts'

const SLICE = 1000
const FLUSH_MS = 600_000
const messages = Number(process.argv[2])
const task = await firstTask()
const { bytes, ranges } = ringFromFile(task.payloadFile)
const payloads = Array.from({ length: ranges.length / 2 }, (_, index) =>
  bytes.subarray(ranges[2 * index], ranges[2 * index + 1]),
)
const producer = new rdkafka.Producer({ ...task.properties, 'bootstrap.servers': task.brokers, dr_cb: false })
await new Promise<void>((resolve, reject) => {
  producer.connect({ timeout: 10_000, topic: task.topic }, error => (error ? reject(error) : resolve()))
})
// errors and statistics want it
producer.setPollInterval(100)
for (let offered = 0; offered < messages; ) {
  const end = Math.min(messages, offered + SLICE)
  while (offered < end && produced(offered)) offered++
  // a queue that is full gets some time; anyhow, errors want a turn
  if (offered < end) await new Promise(resolve => setTimeout(resolve, 1))
  else await new Promise(resolve => setImmediate(resolve))
}
await new Promise<void>((resolve, reject) => {
  producer.flush(FLUSH_MS, error => (error ? reject(error) : resolve()))
})
process.exit(0)

/** False where the queue is full. */
function produced(number: number): boolean {
  const payload = payloads[number % payloads.length] as Buffer
  try {
    producer.produce(task.topic, partitionOf(number, task) ?? -1, payload)
    return true
  } catch (error) {
    if ((error as { code?: number }).code === rdkafka.CODES.ERRORS.ERR__QUEUE_FULL) return false
    throw error
  }
}
