import { Topics } from '../../src/bench/topics.ts'
import { type MavenKafka, maven } from '../../test/integration/brokers/maven.ts'
import { countBatches } from './log-batches.ts'
import type { Place, Where } from './where.ts'

/**
 * Apache Kafka from its jars: one KRaft broker with -Xmx512m in a temporary folder, for all trials of a run. It ends
 * with this process, however that ends.
 */
export class Kafka implements Where {
  readonly name = 'Apache Kafka'
  /** Kafka's own, recorded with the results. */
  static readonly properties = {
    // what trials wrote goes with their topics
    'log.segment.delete.delay.ms': '1000',
    'auto.create.topics.enable': 'false',
  }
  readonly #broker: MavenKafka
  readonly #topics: Topics

  private constructor(broker: MavenKafka) {
    this.#broker = broker
    this.#topics = new Topics({ 'bootstrap.servers': broker.bootstrapServers })
  }

  /** @throws Error with the reason where it cannot be had: no Java, no jars */
  static async start(): Promise<Kafka> {
    const { available, reason } = await maven.availability()
    if (!available) throw new Error(reason)
    return new Kafka(await maven.start({ brokers: 1, properties: Kafka.properties }))
  }

  async enter(partitions: number): Promise<Place> {
    const topic = await this.#topics.make(partitions)
    const { bootstrapServers, dataFolders } = this.#broker
    return {
      bootstrapServers,
      topic,
      batches: () => countBatches(dataFolders, topic),
      leave: () => this.#topics.drop(topic),
    }
  }

  async stop(): Promise<void> {
    await this.#topics.close()
    await this.#broker.stop()
  }
}
