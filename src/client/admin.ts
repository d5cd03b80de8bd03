import { MillraceError } from '../errors.ts'
import { type ClientError, identify, type KafkaError } from './kafka-errors.ts'
import { loadClient } from './load.ts'
import { type Properties, refusedByLibrdkafka } from './producer-client.ts'

/** The parts of node-rdkafka's AdminClient that are used here. */
interface RdkafkaAdmin {
  createTopic(
    topic: {
      topic: string
      num_partitions: number
      replication_factor: number
      config: Readonly<Record<string, string>>
    },
    timeoutMs: number,
    callback: (error?: ClientError) => void,
  ): void
  deleteTopic(topic: string, timeoutMs: number, callback: (error?: ClientError) => void): void
  disconnect(): void
}

export interface NewTopic {
  /** Absent: as the brokers have it set (num.partitions). */
  readonly partitions?: number | undefined
  /** Absent: as the brokers have it set (default.replication.factor). */
  readonly replicationFactor?: number | undefined
  /** Kafka's topic configuration, such as max.message.bytes. */
  readonly config?: Readonly<Record<string, string>> | undefined
}

const DEFAULT_TIMEOUT_MS = 10_000
const BROKERS_DEFAULT = -1

/** Makes and deletes topics. Close it in the end. */
export class Admin {
  readonly #admin: RdkafkaAdmin
  readonly #timeoutMs: number

  private constructor(admin: RdkafkaAdmin, timeoutMs: number) {
    this.#admin = admin
    this.#timeoutMs = timeoutMs
  }

  /**
   * Does not connect yet: an unreachable broker is found by the first request. Each request waits at
   * most `timeoutMs`, by default 10,000.
   * @throws MillraceError CONFIG_INVALID_VALUE, CLIENT_NOT_BUILT
   */
  static open(properties: Properties, { timeoutMs = DEFAULT_TIMEOUT_MS } = {}): Admin {
    const { rdkafka } = loadClient()
    try {
      return new Admin(rdkafka.AdminClient.create({ ...properties }) as unknown as RdkafkaAdmin, timeoutMs)
    } catch (cause) {
      throw refusedByLibrdkafka(cause)
    }
  }

  /**
   * Waits until the controller has made the topic; the brokers may know of it a little later.
   * @throws MillraceError REQUEST_FAILED (`context.kafkaName` tells: TOPIC_ALREADY_EXISTS, …),
   * BROKER_UNREACHABLE
   */
  createTopic(
    topic: string,
    { partitions, replicationFactor, config = {} }: NewTopic = {},
    timeoutMs = this.#timeoutMs,
  ): Promise<void> {
    const request = {
      topic,
      num_partitions: partitions ?? BROKERS_DEFAULT,
      replication_factor: replicationFactor ?? BROKERS_DEFAULT,
      config,
    }
    return this.#request(`create the topic ${topic}`, callback =>
      this.#admin.createTopic(request, timeoutMs, callback),
    )
  }

  /**
   * Waits until the controller has taken the deletion on.
   * @throws MillraceError REQUEST_FAILED (UNKNOWN_TOPIC_OR_PART, TOPIC_DELETION_DISABLED, …), BROKER_UNREACHABLE
   */
  deleteTopic(topic: string, timeoutMs = this.#timeoutMs): Promise<void> {
    return this.#request(`delete the topic ${topic}`, callback =>
      this.#admin.deleteTopic(topic, timeoutMs, callback),
    )
  }

  /** Frees the connections; requests under way must have ended. */
  close(): void {
    this.#admin.disconnect()
  }

  #request(what: string, call: (callback: (error?: ClientError) => void) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      call(error => {
        if (error) reject(requestError(what, identify(error)))
        else resolve()
      })
    })
  }
}

const unreachable: readonly string[] = ['_TRANSPORT', '_ALL_BROKERS_DOWN', '_TIMED_OUT', '_RESOLVE']

function requestError(what: string, error: KafkaError): MillraceError {
  const away = unreachable.includes(error.name)
  return new MillraceError(
    away ? 'BROKER_UNREACHABLE' : 'REQUEST_FAILED',
    `The cluster did not ${what}: ${error.text} (${error.name})`,
    {
      hint: error.advice ?? (away ? 'Check that the brokers are up and have a controller' : undefined),
      context: { kafkaCode: error.code, kafkaName: error.name },
    },
  )
}
