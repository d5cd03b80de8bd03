import { ProducerClient } from '../client/producer-client.ts'
import { type ReadMessage, type ReadOptions, readTopic } from '../client/read-topic.ts'
import { describe, MillraceError } from '../errors.ts'

export interface EmbeddedClusterOptions {
  /** Default 1. */
  readonly brokers?: number | undefined
}

const MAX_BROKERS = 100
const START_MS = 10_000

/**
 * A cluster inside this process: librdkafka's mock brokers on ephemeral ports of 127.0.0.1, which serve
 * other processes too. It speaks Kafka's protocol but is not Kafka: topics come into being when they are
 * asked for, with 4 partitions; it keeps at most 5 MiB a partition, and checks neither acks nor sizes.
 */
export class EmbeddedCluster {
  /** host:port,… for `bootstrap.servers`. */
  readonly bootstrapServers: string
  readonly brokers: number
  readonly #client: ProducerClient
  #stopping: Promise<void> | undefined

  private constructor(client: ProducerClient, bootstrapServers: string, brokers: number) {
    this.#client = client
    this.bootstrapServers = bootstrapServers
    this.brokers = brokers
  }

  /**
   * Waits until all brokers serve. Stop it in the end: it keeps the process alive.
   * @throws MillraceError USAGE for a number of brokers that cannot be, CLUSTER_FAILED
   */
  static async start({ brokers = 1 }: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
    if (!Number.isInteger(brokers) || brokers < 1 || brokers > MAX_BROKERS) {
      throw new MillraceError('USAGE', `An embedded cluster has 1 to ${MAX_BROKERS} brokers, not ${brokers}`)
    }
    const properties = { 'test.mock.num.brokers': brokers, 'client.id': 'millrace-embedded' }
    try {
      const { client, metadata } = await ProducerClient.connect(properties, silent, {
        reports: false,
        timeoutMs: START_MS,
      })
      const servers = metadata.brokers.map(({ host, port }) => `${host}:${port}`)
      return new EmbeddedCluster(client, servers.join(','), brokers)
    } catch (cause) {
      if (cause instanceof MillraceError && cause.code === 'CLIENT_NOT_BUILT') throw cause
      throw new MillraceError('CLUSTER_FAILED', `The embedded cluster did not start: ${describe(cause)}`, {
        cause,
      })
    }
  }

  /**
   * Reads back what was written, up to where the topic ends now; within a partition in order.
   * @throws MillraceError UNKNOWN_TOPIC, BROKER_UNREACHABLE, REQUEST_FAILED
   */
  read(topic: string, options: Omit<ReadOptions, 'topic'> = {}): AsyncGenerator<ReadMessage> {
    return readTopic({ 'bootstrap.servers': this.bootstrapServers }, { topic, ...options })
  }

  /** As `read`, all at once. */
  async readAll(topic: string, options: Omit<ReadOptions, 'topic'> = {}): Promise<ReadMessage[]> {
    const messages: ReadMessage[] = []
    for await (const message of this.read(topic, options)) messages.push(message)
    return messages
  }

  /** Closes all connections and frees the ports; what was written is gone. A second call waits for the first. */
  stop(): Promise<void> {
    this.#stopping ??= this.#client.disconnect()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }
}

const silent = { report() {}, error() {}, log() {}, statistics() {} }
