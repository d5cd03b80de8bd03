import { once } from 'node:events'
import { Worker } from 'node:worker_threads'
import type { Producer } from '../../../src/producer/producer.ts'
import { measured } from '../../support/measured.ts'
import type { Connect, Driver, Setup } from '../node/driver.ts'
import { COUNTERS, type ThreadJob } from './parsing-thread.ts'
import { client } from './version.ts'

const millrace = await measured<typeof import('../../../src/index.ts')>('index.js')

/**
 * Threads that parse NDJSON, each record's key out of a field: `parse/N` does that alone and counts what was parsed,
 * `send/N` sends it through one producer that all N threads share.
 */
export const connect: Connect = async setup => {
  const [way, threads] = setup.variant.split('/')
  if (way !== 'parse' && way !== 'send') throw new Error(`there is no way ${way}`)
  const properties = { ...setup.properties, 'bootstrap.servers': setup.brokers }
  const producer =
    way === 'send' ? await millrace.Producer.connect(properties, { engine: 'batch' }) : undefined
  return new Threads(producer, setup, Number(threads))
}

class Threads implements Driver {
  readonly client = client
  readonly #producer: Producer | undefined
  readonly #workers: Worker[]
  readonly #ended: Promise<unknown>
  readonly #counters: Float64Array[]
  /** 0: not yet, 1: go on, 2: stop. */
  readonly #state = new Int32Array(new SharedArrayBuffer(4))

  constructor(producer: Producer | undefined, { topic, payloads }: Setup, threads: number) {
    this.#producer = producer
    this.#counters = Array.from(
      { length: threads },
      () => new Float64Array(new SharedArrayBuffer(8 * COUNTERS.length)),
    )
    this.#workers = this.#counters.map(counters => {
      const entry = new URL('parsing-thread.ts', import.meta.url).href
      const job: ThreadJob = {
        token: producer?.share(),
        topic,
        messageSize: payloads[0]?.length ?? 0,
        counters,
        state: this.#state,
      }
      return new Worker(new URL('ts-worker.mjs', import.meta.url), {
        workerData: { ...job, entry },
        execArgv: [],
      })
    })
    this.#ended = Promise.all(this.#workers.map(worker => once(worker, 'exit')))
  }

  get offered(): number {
    return this.#sum('parsed')
  }

  /** Where nothing is sent, what was parsed stands for it. */
  get delivered(): number {
    return this.#producer?.counts.delivered ?? this.#sum('parsed')
  }

  get failed(): number {
    return this.#producer?.counts.failed ?? 0
  }

  get threadCpuSeconds(): number {
    return this.#sum('cpuNanoseconds') / 1e9
  }

  #sum(counter: (typeof COUNTERS)[number]): number {
    const at = COUNTERS.indexOf(counter)
    return this.#counters.reduce((sum, counters) => sum + (counters[at] as number), 0)
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    if (messages !== Number.POSITIVE_INFINITY) throw new Error('threads know no number of messages')
    Atomics.store(this.#state, 0, 1)
    Atomics.notify(this.#state, 0)
  }

  async finished(): Promise<void> {
    await this.#ended
  }

  stop(): Promise<void> {
    Atomics.store(this.#state, 0, 2)
    return this.finished()
  }

  async close(): Promise<void> {
    await this.#producer?.close()
  }
}
