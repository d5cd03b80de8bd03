import type { Producer } from '../../src/producer/producer.ts'
import type { BatchResult } from '../../src/producer/results.ts'
import type { Message } from '../../src/types.ts'
import type { Connect, Driver, Setup } from '../support/driver.ts'

// what is measured is what is installed
const millrace = (await import(
  new URL('../../dist/index.js', import.meta.url).href
)) as typeof import('../../src/index.ts')

const BATCH = 1000

/** millrace's callback engine. Variants: `batch`, arrays of 1,000 messages; `send`, one promise a message. */
export const connect: Connect = async setup => {
  const producer = await millrace.Producer.connect(
    { ...setup.properties, 'bootstrap.servers': setup.brokers },
    { engine: 'callback' },
  )
  return new Millrace(producer, setup)
}

class Millrace implements Driver {
  offered = 0
  #toldDelivered = 0
  #toldFailed = 0
  readonly #producer: Producer
  readonly #outstanding: number
  readonly #unit: number
  readonly #messages: readonly Message[]
  readonly #batches: readonly (readonly Message[])[]
  #left = 0
  #whenEnded: (() => void) | undefined
  #wake: (() => void) | undefined

  constructor(producer: Producer, { topic, payloads, outstanding, variant }: Setup) {
    this.#producer = producer
    this.#outstanding = outstanding
    this.#messages = payloads.map(value => ({ topic, value }))
    this.#unit = variant === 'batch' ? BATCH : 1
    this.#batches = Array.from({ length: 16 }, (_, number) =>
      Array.from(
        { length: BATCH },
        (_, index) => this.#messages[(number * BATCH + index) % payloads.length] as Message,
      ),
    )
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
    const wakeAt = this.#unit === 1 ? this.#outstanding * 0.75 : this.#outstanding - this.#unit
    while (this.#left > 0) {
      if (this.#inFlight + this.#unit > this.#outstanding) {
        await new Promise<void>(resolve => {
          this.#wake = () => {
            if (this.#inFlight > wakeAt) return
            this.#wake = undefined
            resolve()
          }
        })
        continue
      }
      const count = Math.min(this.#unit, this.#left)
      this.#left -= count
      this.offered += count
      if (this.#unit === 1) {
        const message = this.#messages[turn++ % this.#messages.length] as Message
        this.#producer.send(message).then(this.#sent, this.#notSent)
        if (turn % 1000 === 0) await new Promise(resolve => setImmediate(resolve))
      } else {
        const batch = this.#batches[turn++ % this.#batches.length] as readonly Message[]
        void this.#producer.sendBatch(count === BATCH ? batch : batch.slice(0, count)).then(this.#ended)
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
