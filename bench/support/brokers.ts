import { Topics } from '../../src/bench/topics.ts'
import type { Place, Where } from './where.ts'

/** A cluster that is there already; each trial has a topic of its own, which is deleted after it. */
export class Brokers implements Where {
  readonly name = 'brokers'
  readonly #bootstrapServers: string
  readonly #topics: Topics

  constructor(bootstrapServers: string) {
    this.#bootstrapServers = bootstrapServers
    this.#topics = new Topics({ 'bootstrap.servers': bootstrapServers })
  }

  async enter(partitions: number): Promise<Place> {
    const topic = await this.#topics.make(partitions)
    return {
      bootstrapServers: this.#bootstrapServers,
      topic,
      leave: () => this.#topics.drop(topic),
    }
  }

  async stop(): Promise<void> {
    const left = await this.#topics.close()
    if (left.length > 0) console.error(`not deleted: ${left.join(', ')}`)
  }
}
