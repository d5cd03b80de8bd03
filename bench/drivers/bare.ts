import { createRequire } from 'node:module'
import type { Connect, Driver, Setup } from '../support/driver.ts'

const rdkafka = createRequire(import.meta.url)('node-rdkafka') as typeof import('node-rdkafka')

/** Messages between two turns of the event loop. */
const SLICE = 1000

/**
 * A loop around node-rdkafka's produce() with delivery reports, as short as it can be: no opaque, nothing
 * but a count in each report. Variants: `interval-N` polls every N ms, `inline` once in each slice.
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
  delivered = 0
  failed = 0
  offered = 0
  readonly #producer: import('node-rdkafka').Producer
  readonly #setup: Setup
  readonly #inline: boolean
  #left = 0
  #waiting = false
  #whenEnded: (() => void) | undefined

  constructor(producer: import('node-rdkafka').Producer, setup: Setup) {
    this.#producer = producer
    this.#setup = setup
    this.#inline = setup.variant === 'inline'
    // the interval serves reports after the last slice, too
    producer.setPollInterval(this.#inline ? 10 : Number(setup.variant.replace('interval-', '')))
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
    const { topic, payloads, outstanding } = this.#setup
    const inFlight = this.offered - this.delivered - this.failed
    const count = Math.min(SLICE, outstanding - inFlight, this.#left)
    for (let index = 0; index < count; index++) {
      this.#producer.produce(topic, -1, payloads[(this.offered + index) % payloads.length] as Buffer)
    }
    this.offered += count
    this.#left -= count
    if (this.#inline) this.#producer.poll()
    if (this.#left === 0) return
    if (inFlight + count >= outstanding) this.#waiting = true
    else setImmediate(this.#slice)
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
