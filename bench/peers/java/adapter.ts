// kafka-producer-perf-test from Kafka's jars: `adapter.ts JARS`.
import { join } from 'node:path'
import { startProgram } from '../adapters/program.ts'
import { type Watched, watch } from '../adapters/watched.ts'
import { speak } from '../node/speak.ts'
import type { Batches } from '../protocol.ts'

const MAIN = 'org.apache.kafka.tools.ProducerPerformance'
/** kafka-producer-perf-test's own. */
const JVM = ['-Xmx512m', '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn']
const [jars = ''] = process.argv.slice(2)

const producer: Watched = {
  firstRate: 800_000,
  // a virtual machine compiles what it does often, and its rate doubles over the first ten seconds
  warmupSeconds: 10,
  start({ brokers, topic, payloadFile, properties }, messages) {
    const all = { ...properties, 'bootstrap.servers': brokers }
    return startProgram('java', [
      ...[...JVM, '-cp', join(jars, '*'), MAIN],
      ...['--topic', topic, '--num-records', String(messages), '--throughput', '-1'],
      ...['--payload-file', payloadFile, '--print-metrics'],
      ...['--producer-props', ...Object.entries(all).map(([name, value]) => `${name}=${value}`)],
    ])
  },
  account(output, messages) {
    // its last line tells how many were acknowledged: a failed one prints an exception and is not among them
    const delivered = Number([...output.matchAll(/^(\d+) records sent, .* max latency/gm)].at(-1)?.[1])
    if (!Number.isFinite(delivered)) throw new Error(`it gave no result: ${output.slice(-500)}`)
    const version = /kafka-clients-([\d.]+)\.jar/.exec(jars)?.[1] ?? /kafka-([\d.]+)/.exec(jars)?.[1]
    return { delivered, batches: batchesOf(output, messages), client: `kafka-clients ${version}` }
  },
}

/** Of the metrics that it prints in the end; null where they are not among them. */
function batchesOf(output: string, messages: number): Batches | null {
  const requests = metric(output, 'producer-metrics:request-total')
  const perRequest = metric(output, 'producer-metrics:records-per-request-avg')
  return requests === null || perRequest === null
    ? null
    : { messages, batches: messages / perRequest, requests: messages / perRequest }
}

function metric(output: string, name: string): number | null {
  const line = output.split('\n').find(line => line.startsWith(name))
  const value = Number(line?.split(' : ').at(-1))
  return line !== undefined && Number.isFinite(value) && value > 0 ? value : null
}

await speak((task, say) => watch(producer, task, say))
