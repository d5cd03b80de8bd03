import { type Texts, textsOf } from '../../support/texts.ts'
import { type Connect, type Driver, partitionOf, type Setup } from '../node/driver.ts'
import { batchesOf } from '../node/statistics.ts'
import type { Batches } from '../protocol.ts'
import { client, rdkafka } from './module.ts'

/** Messages between two turns of the event loop. */
const SLICE = 1000
/** Keeps opaques small integers, which need no object of their own. */
const MOST_IN_FLIGHT = 2 ** 30

/**
 * A loop around node-rdkafka's produce() with delivery reports, as short as it can be: nothing but a count
 * in each report. Variants: `interval-N` polls every N ms, `inline` once in each slice; with `+opaque` each
 * message carries a number, without which a report does not tell which message it is about. With `+text` keys and
 * values are strings: node-rdkafka takes the key as it is, and of the value a Buffer has to be made.
 */
export const connect: Connect = async setup => {
  const producer = new rdkafka.Producer({
    ...setup.properties,
    'bootstrap.servers': setup.brokers,
    dr_cb: true,
  })
  await new Promise<void>((resolve, reject) => {
    producer.connect({ timeout: 10_000, topic: setup.topic }, error => (error ? reject(error) : resolve()))
  })
  return new Bare(producer, setup)
}

class Bare implements Driver {
  readonly client = client
  batches: Batches | null = null
  delivered = 0
  failed = 0
  offered = 0
  readonly #producer: import('node-rdkafka').Producer
  readonly #setup: Setup
  readonly #inline: boolean
  readonly #opaque: boolean
  readonly #texts: Texts | undefined
  #left = 0
  #waiting = false
  #whenEnded: (() => void) | undefined

  constructor(producer: import('node-rdkafka').Producer, setup: Setup) {
    this.#producer = producer
    this.#setup = setup
    const [polling = '', ...extras] = setup.variant.split('+')
    this.#inline = polling === 'inline'
    this.#opaque = extras.includes('opaque')
    this.#texts = extras.includes('text') ? textsOf(setup.payloads) : undefined
    // the interval serves reports while there is no slice, too
    producer.setPollInterval(this.#inline ? 1 : Number(polling.replace('interval-', '')))
    producer.on('event.stats', ({ message }: { message: string }) => {
      this.batches = batchesOf(JSON.parse(message))
    })
    const wakeAt = setup.outstanding * 0.75
    producer.on('delivery-report', error => {
      if (error) this.failed++
      else this.delivered++
      const inFlight = this.offered - this.delivered - this.failed
      if (this.#waiting && inFlight <= wakeAt) {
        this.#waiting = false
        setImmediate(this.#slice)
      }
      if (inFlight === 0) this.#whenEnded?.()
    })
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    this.#left = messages
    setImmediate(this.#slice)
  }

  readonly #slice = (): void => {
    const { outstanding } = this.#setup
    const inFlight = this.offered - this.delivered - this.failed
    const count = Math.min(SLICE, outstanding - inFlight, this.#left)
    if (this.#texts !== undefined) this.#produceTexts(count, this.#texts)
    else if (this.#opaque) this.#produceTelling(count)
    else this.#produceCounting(count)
    this.offered += count
    this.#left -= count
    if (this.#inline) this.#producer.poll()
    if (this.#left === 0) return
    if (inFlight + count >= outstanding) this.#waiting = true
    else setImmediate(this.#slice)
  }

  #produceCounting(count: number): void {
    const { topic, payloads } = this.#setup
    for (let index = this.offered; index < this.offered + count; index++) {
      const partition = partitionOf(index, this.#setup) ?? -1
      this.#producer.produce(topic, partition, payloads[index % payloads.length] as Buffer)
    }
  }

  #produceTelling(count: number): void {
    const { topic, payloads } = this.#setup
    for (let index = this.offered; index < this.offered + count; index++) {
      const payload = payloads[index % payloads.length] as Buffer
      const partition = partitionOf(index, this.#setup) ?? -1
      this.#producer.produce(topic, partition, payload, null, null, index % MOST_IN_FLIGHT)
    }
  }

  #produceTexts(count: number, { keys, values }: Texts): void {
    const { topic } = this.#setup
    for (let number = this.offered; number < this.offered + count; number++) {
      const index = number % values.length
      const value = Buffer.from(values[index] as string)
      const opaque = this.#opaque ? number % MOST_IN_FLIGHT : undefined
      const partition = partitionOf(number, this.#setup) ?? -1
      this.#producer.produce(topic, partition, value, keys[index], null, opaque)
    }
  }

  async finished(): Promise<void> {
    while (this.#left > 0 || this.offered > this.delivered + this.failed) {
      await new Promise<void>(resolve => {
        this.#whenEnded = resolve
      })
    }
  }

  stop(): Promise<void> {
    this.#left = 0
    return this.finished()
  }

  close(): Promise<void> {
    return new Promise(resolve => this.#producer.disconnect(() => resolve()))
  }
}
