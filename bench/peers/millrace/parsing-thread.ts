import { readFileSync } from 'node:fs'
import { isMainThread, workerData } from 'node:worker_threads'
import type { Input } from '../../../src/input/index.ts'
import type { ProducerToken } from '../../../src/producer/share.ts'
import type { Framed } from '../../../src/types.ts'
import { measured } from '../../support/measured.ts'

/** What a thread tells of itself, in shared memory. */
export const COUNTERS = ['parsed', 'cpuNanoseconds'] as const

export interface ThreadJob {
  /** Absent: nothing is sent. */
  readonly token: ProducerToken | undefined
  readonly topic: string
  /** Bytes of a record, which is the message's value. */
  readonly messageSize: number
  readonly counters: Float64Array
  readonly state: Int32Array
}

/** As much as a chunk of a file has. */
const CHUNK_BYTES = 512 * 1024

if (!isMainThread) await run(workerData as ThreadJob)

async function run({ token, topic, messageSize, counters, state }: ThreadJob): Promise<void> {
  const { AttachedProducer } = await measured<typeof import('../../../src/index.ts')>('index.js')
  const { readRecords } = await measured<typeof import('../../../src/input/index.ts')>('input/index.js')
  const memory = records(messageSize)
  const input: Input = {
    name: 'memory',
    size: null,
    // chunks end with a record, so nothing is carried over into the memory of the next
    async *chunks() {
      while (Atomics.load(state, 0) === 1) yield { memory, start: 0 }
    },
  }
  async function* frames(): AsyncGenerator<Framed> {
    for await (const { bytes, ranges, keys, count } of readRecords(input, {
      format: 'ndjson',
      keyField: 'id',
    })) {
      counters[0] = (counters[0] as number) + count
      counters[1] = cpuNanoseconds()
      yield { topic, bytes, ranges, keys }
    }
  }
  Atomics.wait(state, 0, 0)
  if (token === undefined) {
    // a turn of the event loop for each block, as produceFrom has it
    for await (const _ of frames()) await new Promise(resolve => setImmediate(resolve))
    return
  }
  const producer = AttachedProducer.attach(token)
  await producer.produceFrom(frames(), { detail: 'counts' })
  await producer.close()
}

/** Whole records, as many as a chunk holds: a key, and text up to the size. */
function records(messageSize: number): Buffer {
  const lines: string[] = []
  for (let number = 0; (number + 1) * (messageSize + 1) <= CHUNK_BYTES; number++) {
    const start = `{"id":"key-${String(number).padStart(6, '0')}","name":"`
    lines.push(`${start.padEnd(messageSize - 2, 'x')}"}\n`)
  }
  return Buffer.from(lines.join(''))
}

/** Of this thread; Linux counts it to the nanosecond. */
function cpuNanoseconds(): number {
  return Number(readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ')[0])
}
