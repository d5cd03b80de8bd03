/** Where a Kafka for tests can come from, best first. */
export const rungs = ['existing', 'testcontainers', 'maven', 'embedded'] as const

export type Rung = (typeof rungs)[number]

/** What a suite wants of its Kafka. */
export interface KafkaNeeds {
  /** Default 1. Three brokers: replication factor 3, min.insync.replicas=2. */
  readonly brokers?: 1 | 3 | undefined
  /** Kafka's own server.properties, over the rung's. */
  readonly properties?: Readonly<Record<string, string>> | undefined
  /** Apache Kafka itself: the embedded cluster will not do. */
  readonly real?: boolean | undefined
  /** The suite kills and restarts brokers. */
  readonly control?: boolean | undefined
  /** Only these rungs, in this order. */
  readonly rungs?: readonly Rung[] | undefined
}

export interface KafkaUnderTest {
  readonly rung: Rung
  /** host:port, … as librdkafka takes it. */
  readonly bootstrapServers: string
  /** How many brokers there are; null for an existing cluster, where it is not known. */
  readonly brokers: number | null
  /** What of it is still there: processes, containers, folders. Empty after `stop()`. */
  leftovers(): Promise<string[]>
  /** Ends it and removes its data; an existing cluster stays. Waits until all is gone; may be called again. */
  stop(): Promise<void>
}

/** A Kafka whose brokers can be killed. Brokers count from 0; their node ids from 1. */
export interface ControlledKafka extends KafkaUnderTest {
  readonly brokers: number
  /** SIGKILL to one broker, its data stay; waits for the end of its process only, not for the others to notice. */
  kill9(broker: number): Promise<void>
  /**
   * Starts one broker again on its old ports and data, after an orderly shutdown if it still runs. Waits until
   * it serves and every running broker lists every other.
   */
  restart(broker: number): Promise<void>
}

export interface Availability {
  readonly rung: Rung
  readonly available: boolean
  /** Why not; or, when available, what it is. */
  readonly reason: string
}

/** One way to get a Kafka. */
export interface RungDriver {
  readonly rung: Rung
  /** May fetch what the rung needs, once. Never throws. */
  availability(): Promise<Availability>
  /** Why this rung cannot serve such needs even where it is available; undefined if it can. */
  lacks(needs: KafkaNeeds): string | undefined
  start(needs: KafkaNeeds): Promise<KafkaUnderTest>
}
