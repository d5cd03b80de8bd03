import { Topics } from '../../src/bench/topics.ts'
import { maven } from '../../test/integration/brokers/maven.ts'
import type { KafkaUnderTest } from '../../test/integration/brokers/types.ts'
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
  readonly #broker: KafkaUnderTest
  readonly #topics: Topics

  private constructor(broker: KafkaUnderTest) {
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
    const { bootstrapServers } = this.#broker
    return { bootstrapServers, topic, leave: () => this.#topics.drop(topic) }
  }

  async stop(): Promise<void> {
    await this.#topics.close()
    await this.#broker.stop()
  }
}
