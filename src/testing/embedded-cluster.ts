import { ProducerClient } from '../client/producer-client.ts'
import { type ReadMessage, type ReadOptions, readTopic } from '../client/read-topic.ts'
import { describe, MillraceError } from '../errors.ts'
import {
  checkBroker,
  checkBrokers,
  checkPartition,
  checkPartitions,
  checkReplicas,
  checkRtt,
  checkTopicName,
} from './checks.ts'
import { ClusterControl } from './cluster-control.ts'
import {
  type ApiName,
  apiKey,
  apiKeys,
  type ErrorName,
  errorNumber,
  type RequestError,
  requestErrorNumber,
} from './kafka-names.ts'

export interface EmbeddedClusterOptions {
  /** Default 1; their ids count from 1. */
  readonly brokers?: number | undefined
  /** Topics to be there from the start, with so many partitions each. Wants the addon. */
  readonly topics?: Readonly<Record<string, number>> | undefined
}

export interface EmbeddedTopic {
  /** Default 4, as for topics that come into being when they are asked for. */
  readonly partitions?: number | undefined
  /** Default 3, or the number of brokers where that is less. */
  readonly replicationFactor?: number | undefined
}

/** How one broker meets one request. */
export interface BrokerFault {
  /** Absent: the request is served. `_TRANSPORT`: the connection is closed at once instead of an answer. */
  readonly error?: RequestError | undefined
  /** How long the answer is held back, in ms, on top of what `setBrokerRtt` says; default 0. */
  readonly rttMs?: number | undefined
}

/** What librdkafka gives topics that nobody made; `DEFAULT_REPLICAS` at most. */
export const DEFAULT_PARTITIONS = 4
const DEFAULT_REPLICAS = 3
const START_MS = 10_000
const NONE = -1
const ALL = -1

/**
 * A cluster inside this process: librdkafka's mock brokers on ephemeral ports of 127.0.0.1, which serve
 * other processes too. It speaks Kafka's protocol but is not Kafka: topics come into being when they are
 * asked for, with 4 partitions; it keeps at most 5 MiB a partition, and checks neither acks nor sizes.
 *
 * Topics of one's own and faults want millrace's addon. Each such method resolves when the brokers have taken
 * it on (microseconds; it does not wait for clients), so that what is sent after it meets it. It rejects with
 * MillraceError USAGE for what it does not take, CLUSTER_STOPPED, ENGINE_UNAVAILABLE where the addon was not
 * built, and REQUEST_FAILED where librdkafka refuses. Brokers go by id, from 1.
 */
export class EmbeddedCluster {
  /** host:port,… for `bootstrap.servers`. */
  readonly bootstrapServers: string
  readonly brokers: number
  readonly #client: ProducerClient
  readonly #control: ClusterControl
  /** `broker api` of each that was given errors of its own. */
  readonly #ownErrors = new Set<string>()
  #stopping: Promise<void> | undefined

  private constructor(
    client: ProducerClient,
    control: ClusterControl,
    bootstrapServers: string,
    brokers: number,
  ) {
    this.#client = client
    this.#control = control
    this.bootstrapServers = bootstrapServers
    this.brokers = brokers
  }

  /**
   * Waits until all brokers serve and the topics are there. Stop it in the end: it keeps the process alive.
   * @throws MillraceError USAGE for numbers that cannot be, CLUSTER_FAILED; ENGINE_UNAVAILABLE for `topics` where
   * the addon was not built
   */
  static async start({ brokers = 1, topics = {} }: EmbeddedClusterOptions = {}): Promise<EmbeddedCluster> {
    checkBrokers(brokers)
    for (const [topic, partitions] of Object.entries(topics)) {
      checkTopicName(topic)
      checkPartitions(partitions)
    }
    const cluster = await EmbeddedCluster.#connect(brokers)
    try {
      if (cluster.#control.available) {
        cluster.#control.call('limit its versions', (binding, channel) => binding.limitVersions(channel))
      }
      for (const [topic, partitions] of Object.entries(topics)) {
        await cluster.createTopic(topic, { partitions })
      }
    } catch (error) {
      await cluster.stop()
      throw error
    }
    return cluster
  }

  static async #connect(brokers: number): Promise<EmbeddedCluster> {
    const control = ClusterControl.open()
    const properties = { 'test.mock.num.brokers': brokers, 'client.id': 'millrace-embedded' }
    try {
      const { client, metadata } = await ProducerClient.connect(properties, silent, {
        reports: false,
        first: control.properties,
        timeoutMs: START_MS,
      })
      const servers = metadata.brokers.map(({ host, port }) => `${host}:${port}`)
      return new EmbeddedCluster(client, control, servers.join(','), brokers)
    } catch (cause) {
      control.release()
      throw new MillraceError('CLUSTER_FAILED', `The embedded cluster did not start: ${describe(cause)}`, {
        cause,
      })
    }
  }

  /**
   * Makes a topic; who asks for metadata from now on sees it. Replicas are spread over the brokers, and any of a
   * partition's may be its leader: `setLeader` says which.
   * @throws MillraceError as all (see above); REQUEST_FAILED with `context.kafkaName` TOPIC_ALREADY_EXISTS
   */
  async createTopic(topic: string, options: EmbeddedTopic = {}): Promise<void> {
    const { partitions = DEFAULT_PARTITIONS, replicationFactor = Math.min(DEFAULT_REPLICAS, this.brokers) } =
      options
    checkTopicName(topic)
    checkPartitions(partitions)
    checkReplicas(replicationFactor, this.brokers)
    this.#control.call(`create the topic ${topic}`, (cluster, channel) =>
      cluster.createTopic(channel, topic, partitions, replicationFactor),
    )
  }

  /**
   * The error that metadata tells of the topic, until it is told otherwise; null: none again. Clients hear it
   * when they next ask for metadata, and producers then fail the topic's messages or wait, by the kind of error.
   * Produce requests themselves are served. A topic that is not there is made, with 4 partitions.
   */
  async setTopicError(topic: string, error: ErrorName | null): Promise<void> {
    checkTopicName(topic)
    const code = error === null ? 0 : errorNumber(error)
    this.#control.call(`set the error of ${topic}`, (cluster, channel) =>
      cluster.setTopicError(channel, topic, code),
    )
  }

  /**
   * The next requests of this kind meet these errors, one each in this order, whichever client sends them and
   * whichever broker they reach. An error takes the place of the work: with an error on Produce, nothing is
   * written. `_TRANSPORT` closes the connection instead of answering. Those pushed before come first.
   *
   * Brokers that were given errors of their own for this kind of request would never look at these: USAGE.
   */
  async pushErrors(api: ApiName, errors: readonly RequestError[]): Promise<void> {
    const key = apiKey(api)
    const codes = Int32Array.from(errors, requestErrorNumber)
    const deaf = this.#ids().filter(broker => this.#ownErrors.has(`${broker} ${key}`))
    if (deaf.length > 0) {
      throw new MillraceError('USAGE', `Broker ${deaf.join(', ')} takes errors of its own only for ${api}`, {
        hint: 'After pushBrokerErrors, go on with it for this kind of request',
      })
    }
    this.#control.call(`take the errors of ${api}`, (cluster, channel) =>
      cluster.pushErrors(channel, key, codes),
    )
  }

  /**
   * As `pushErrors`, for the next requests that reach one broker, each with a delay if wanted: the answer is held
   * back, and with it all later answers on that connection. Without an error the request is served at once, and
   * only its answer is late.
   */
  async pushBrokerErrors(broker: number, api: ApiName, faults: readonly BrokerFault[]): Promise<void> {
    checkBroker(broker, this.brokers)
    const key = apiKey(api)
    const pairs = Int32Array.from(faults.flatMap(encodeFault))
    this.#control.call(`take the errors of ${api} at broker ${broker}`, (cluster, channel) =>
      cluster.pushBrokerErrors(channel, broker, key, pairs),
    )
    this.#ownErrors.add(`${broker} ${key}`)
  }

  /** How many of a broker's own errors no request has met yet. */
  async pendingBrokerErrors(broker: number, api: ApiName): Promise<number> {
    checkBroker(broker, this.brokers)
    const key = apiKey(api)
    return this.#control.ask(`count the errors of ${api} at broker ${broker}`, (cluster, channel) =>
      cluster.pendingBrokerErrors(channel, broker, key),
    )
  }

  /**
   * Forgets the errors of `pushErrors` that no request has met yet, of one kind of request or, without `api`, of
   * all. Those of `pushBrokerErrors` stay until requests have met them: librdkafka cannot take them back.
   */
  async clearErrors(api?: ApiName): Promise<void> {
    const keys = api === undefined ? Object.values(apiKeys) : [apiKey(api)]
    for (const key of keys) {
      this.#control.call('forget its errors', (cluster, channel) => cluster.clearErrors(channel, key))
    }
  }

  /**
   * How long each answer of a broker, or of all, takes, in ms; 0 as at first. Requests are served at once, only
   * their answers are late, those that already wait included.
   */
  async setBrokerRtt(broker: number | 'all', milliseconds: number): Promise<void> {
    const id = this.#brokerOrAll(broker)
    checkRtt(milliseconds)
    this.#control.call('set the round trip time', (cluster, channel) =>
      cluster.setBrokerRtt(channel, id, milliseconds),
    )
  }

  /**
   * Takes a broker, or all, down: its connections are closed at once, answers that waited are lost, and nobody
   * can connect, until `setBrokerUp`. Its partitions keep it as their leader, and their messages.
   */
  async setBrokerDown(broker: number | 'all'): Promise<void> {
    const id = this.#brokerOrAll(broker)
    this.#control.call('take the broker down', (cluster, channel) => cluster.setBrokerUp(channel, id, 0))
  }

  /** A broker, or all, takes connections again, at the same port. Clients find that by their own back-off. */
  async setBrokerUp(broker: number | 'all'): Promise<void> {
    const id = this.#brokerOrAll(broker)
    this.#control.call('bring the broker up', (cluster, channel) => cluster.setBrokerUp(channel, id, 1))
  }

  /**
   * Moves a partition's leadership to a broker; null: to none. What was written moves along. The old leader
   * answers from now on with NOT_LEADER_FOR_PARTITION, by which clients know to ask for metadata again.
   * A topic that is not there is made, with `partition` + 1 partitions.
   * @throws MillraceError as all (see above); UNKNOWN_TOPIC where the topic has no such partition
   */
  async setLeader(topic: string, partition: number, broker: number | null): Promise<void> {
    checkTopicName(topic)
    checkPartition(partition)
    if (broker !== null) checkBroker(broker, this.brokers)
    try {
      this.#control.call(`move the leader of ${topic} [${partition}]`, (cluster, channel) =>
        cluster.setLeader(channel, topic, partition, broker ?? NONE),
      )
    } catch (cause) {
      if (!(cause instanceof MillraceError) || cause.context.kafkaName !== 'UNKNOWN_TOPIC_OR_PART')
        throw cause
      throw new MillraceError('UNKNOWN_TOPIC', `The topic ${topic} has no partition ${partition}`, {
        cause,
        context: { topic, partition },
      })
    }
  }

  /**
   * Makes a broker the coordinator of a transactional.id or a consumer group. The old one answers from now on
   * with NOT_COORDINATOR, by which clients know to look for it again.
   */
  async setCoordinator(type: 'transaction' | 'group', id: string, broker: number): Promise<void> {
    if (type !== 'transaction' && type !== 'group') {
      throw new MillraceError('USAGE', `There is no coordinator of type ${JSON.stringify(type)}`, {
        hint: "Give 'transaction' or 'group'",
      })
    }
    checkBroker(broker, this.brokers)
    this.#control.call(`move the coordinator of ${id}`, (cluster, channel) =>
      cluster.setCoordinator(channel, type, id, broker),
    )
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
    this.#stopping ??= this.#stop()
    return this.#stopping
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop()
  }

  async #stop(): Promise<void> {
    this.#control.stop()
    await this.#client.disconnect()
    this.#control.release()
  }

  #ids(): number[] {
    return Array.from({ length: this.brokers }, (_, index) => index + 1)
  }

  #brokerOrAll(broker: number | 'all'): number {
    if (broker === 'all') return ALL
    checkBroker(broker, this.brokers)
    return broker
  }
}

function encodeFault({ error, rttMs = 0 }: BrokerFault): [error: number, rttMs: number] {
  checkRtt(rttMs)
  if (error === '_TRANSPORT' && rttMs > 0) {
    throw new MillraceError('USAGE', 'A connection is closed at once: _TRANSPORT goes without rttMs')
  }
  return [error === undefined ? 0 : requestErrorNumber(error), rttMs]
}

const silent = { report() {}, error() {}, log() {}, statistics() {} }
