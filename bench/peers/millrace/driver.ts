import type { Producer } from '../../../src/producer/producer.ts'
import type { BatchResult } from '../../../src/producer/results.ts'
import type { Detail, Framed, Message } from '../../../src/types.ts'
import { measured } from '../../support/measured.ts'
import { textsOf } from '../../support/texts.ts'
import { type Connect, type Driver, partitionOf, type Setup } from '../node/driver.ts'
import { batchesOf } from '../node/statistics.ts'
import type { Batches } from '../protocol.ts'
import { SourceDriver } from './source.ts'
import { client } from './version.ts'

// what is measured is what is installed
const millrace = await measured<typeof import('../../../src/index.ts')>('index.js')

const MOST_BATCH = 1000
/** Of a frame: as much as a chunk of a file has, which is where frames come from. */
const FRAME_BYTES = 512 * 1024
/** Batches that are made before the clock runs. */
const MADE = 64

/**
 * millrace. Variants are `ENGINE/WAY`, with `callback` or `batch` for the engine:
 *
 * - `arrays`: sendBatch with arrays of 1,000 messages that are there already
 * - `objects`: sendBatch with arrays of 1,000 objects, made of strings, key and value; offsets come back
 * - `framed`: sendBatch with frames of 512 KiB, of which nothing but counts comes back
 * - `send`: one promise a message
 * - `source`: produceFrom with a source of messages, one by one
 *
 * A call of many has messages of one partition where a sequence of partitions is asked for.
 */
export const connect: Connect = async setup => {
  const [engine, way] = setup.variant.split('/')
  if (engine !== 'callback' && engine !== 'batch') throw new Error(`there is no engine ${engine}`)
  const properties = { ...setup.properties, 'bootstrap.servers': setup.brokers }
  const producer = await millrace.Producer.connect(properties, { engine })
  if (way === 'source') return new SourceDriver(producer, setup)
  return new CallDriver(producer, setup, callOf(setup, way), engine === 'batch')
}

/** How so many messages are given to the producer. */
interface Call {
  /** Messages in each call. */
  readonly unit: number
  readonly detail: Detail
  make(count: number, partition: number | null): readonly Message[] | Framed
}

/** As many messages, or the largest part of a partition's turn that is no more. */
function unitOf({ run }: Setup, most: number): number {
  if (run === null) return most
  let unit = Math.min(run, most)
  while (run % unit !== 0) unit--
  return unit
}

function callOf(setup: Setup, way: string | undefined): Call {
  if (way === 'arrays') return arrays(setup, unitOf(setup, MOST_BATCH))
  if (way === 'send') return arrays(setup, 1)
  if (way === 'objects') return objects(setup, unitOf(setup, MOST_BATCH))
  const framesOf = Math.max(1, Math.floor(FRAME_BYTES / setup.ring.meanBytes))
  if (way === 'framed') return framed(setup, unitOf(setup, Math.min(framesOf, setup.outstanding)))
  throw new Error(`there is no way ${way}`)
}

function arrays(setup: Setup, unit: number): Call {
  const made = new Map(
    partitionsOf(setup).map(partition => [partition, arraysOfPartition(setup, unit, partition)]),
  )
  let turn = 0
  return {
    unit,
    detail: 'failures',
    make(count, partition) {
      const arrays = made.get(partition) as Message[][]
      const array = arrays[turn++ % arrays.length] as Message[]
      return count === unit ? array : array.slice(0, count)
    },
  }
}

function partitionsOf({ run, partitions }: Setup): (number | null)[] {
  return run === null ? [null] : Array.from({ length: partitions }, (_, partition) => partition)
}

function arraysOfPartition({ topic, payloads }: Setup, unit: number, partition: number | null): Message[][] {
  const messages = payloads.map((value): Message => ({ topic, value, partition }))
  return Array.from({ length: unit === 1 ? messages.length : MADE }, (_, number) =>
    Array.from(
      { length: unit },
      (_, index) => messages[(number * unit + index) % messages.length] as Message,
    ),
  )
}

function objects({ topic, payloads }: Setup, unit: number): Call {
  const { keys, values } = textsOf(payloads)
  let next = 0
  return {
    unit,
    detail: 'all',
    make: (count, partition) =>
      Array.from({ length: count }, () => {
        const index = next++ % values.length
        return { topic, key: keys[index], value: values[index] as string, partition }
      }),
  }
}

function framed({ topic, ring }: Setup, unit: number): Call {
  const { bytes, ranges } = ring
  const made = Array.from({ length: MADE }, (_, number) =>
    Uint32Array.from(
      { length: 2 * unit },
      (_, index) => ranges[(2 * number * unit + index) % ranges.length] as number,
    ),
  )
  let turn = 0
  return {
    unit,
    detail: 'counts',
    make: (count, partition) => ({
      topic,
      partition,
      bytes,
      ranges: (made[turn++ % made.length] as Uint32Array).subarray(0, 2 * count),
    }),
  }
}

class CallDriver implements Driver {
  readonly client = client
  batches: Batches | null = null
  offered = 0
  #toldDelivered = 0
  #toldFailed = 0
  readonly #producer: Producer
  readonly #setup: Setup
  readonly #call: Call
  readonly #window: number
  readonly #wakeAt: number
  #left = 0
  #whenEnded: (() => void) | undefined
  #wake: (() => void) | undefined

  /** @param waitsInLine two more calls than have room wait in the producer's line, so that its own limits decide */
  constructor(producer: Producer, setup: Setup, call: Call, waitsInLine: boolean) {
    const { outstanding } = setup
    this.#producer = producer
    this.#setup = setup
    this.#call = call
    this.#window = waitsInLine && call.unit > 1 ? outstanding + 2 * call.unit : outstanding
    this.#wakeAt = call.unit === 1 ? outstanding * 0.75 : this.#window - call.unit
    producer.on('statistics', statistics => {
      this.batches = batchesOf(statistics)
    })
  }

  get delivered(): number {
    return this.#producer.counts.delivered
  }

  get failed(): number {
    return this.#producer.counts.failed
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    this.#left = messages
    void this.#loop()
  }

  async #loop(): Promise<void> {
    let turn = 0
    const { unit, detail } = this.#call
    while (this.#left > 0) {
      if (this.#inFlight + unit > this.#window) {
        await new Promise<void>(resolve => {
          this.#wake = () => {
            if (this.#inFlight > this.#wakeAt) return
            this.#wake = undefined
            resolve()
          }
        })
        continue
      }
      const count = Math.min(unit, this.#left)
      const partition = partitionOf(this.offered, this.#setup)
      this.#left -= count
      this.offered += count
      const messages = this.#call.make(count, partition)
      if (unit === 1) {
        const [message] = messages as readonly Message[]
        this.#producer.send(message as Message).then(this.#sent, this.#notSent)
        if (++turn % 1000 === 0) await new Promise(resolve => setImmediate(resolve))
      } else {
        void this.#producer.sendBatch(messages, { detail }).then(this.#ended)
      }
    }
  }

  get #inFlight(): number {
    return this.offered - this.#toldDelivered - this.#toldFailed
  }

  readonly #sent = (): void => this.#told(1, 0)
  readonly #notSent = (): void => this.#told(0, 1)
  readonly #ended = ({ delivered, failed, refused }: BatchResult): void =>
    this.#told(delivered, failed + refused)

  #told(delivered: number, failed: number): void {
    this.#toldDelivered += delivered
    this.#toldFailed += failed
    this.#wake?.()
    if (this.#inFlight === 0) this.#whenEnded?.()
  }

  async finished(): Promise<void> {
    while (this.#left > 0 || this.#inFlight > 0) {
      await new Promise<void>(resolve => {
        this.#whenEnded = resolve
      })
    }
  }

  stop(): Promise<void> {
    this.#left = 0
    this.#wake?.()
    return this.finished()
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }
}
