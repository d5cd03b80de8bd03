import type { Producer } from '../../../src/producer/producer.ts'
import type { ProduceResult } from '../../../src/producer/results.ts'
import type { Message } from '../../../src/types.ts'
import type { Driver, Setup } from '../node/driver.ts'
import { client } from './version.ts'

/** produceFrom with an endless source, which one loop empties as fast as there is room. */
export class SourceDriver implements Driver {
  readonly client = client
  offered = 0
  readonly #producer: Producer
  readonly #messages: readonly Message[]
  #left = 0
  #run: Promise<ProduceResult> | undefined

  constructor(producer: Producer, { topic, payloads }: Setup) {
    this.#producer = producer
    this.#messages = payloads.map(value => ({ topic, value }))
  }

  get delivered(): number {
    return this.#producer.counts.delivered
  }

  get failed(): number {
    return this.#producer.counts.failed
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    this.#left = messages
    this.#run = this.#producer.produceFrom(this.#source())
  }

  *#source(): Generator<Message> {
    for (let turn = 0; this.#left > 0; turn++) {
      this.#left--
      this.offered++
      yield this.#messages[turn % this.#messages.length] as Message
    }
  }

  async finished(): Promise<void> {
    await this.#run
  }

  stop(): Promise<void> {
    this.#left = 0
    return this.finished()
  }

  async close(): Promise<void> {
    await this.#producer.close()
  }
}
