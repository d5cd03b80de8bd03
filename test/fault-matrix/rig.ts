import { afterEach } from 'vitest'
import type { Producer, ProducerProperties } from '../../src/index.ts'
import { EmbeddedCluster } from '../../src/testing/index.ts'
import { freshTopic, useProducers } from '../support/cluster.ts'
import { Ledger } from './ledger.ts'

export const engines = ['batch', 'callback'] as const

export interface Rig {
  readonly cluster: EmbeddedCluster
  readonly producer: Producer
  readonly ledger: Ledger
  readonly topic: string
}

export interface RigOptions {
  readonly brokers?: number
  /** Default 1. */
  readonly partitions?: number
  readonly properties?: Partial<ProducerProperties>
}

/** A cluster of its own for each test, with a topic, and a producer whose retries come soon. */
export function useRigs(engine: (typeof engines)[number]): (options?: RigOptions) => Promise<Rig> {
  const clusters: EmbeddedCluster[] = []
  let servers = ''
  // hooks after a test run in reverse: producers first
  afterEach(async () => {
    await Promise.all(clusters.splice(0).map(cluster => cluster.stop()))
  })
  const connect = useProducers(() => servers, engine)
  return async ({ brokers = 1, partitions = 1, properties = {} } = {}) => {
    const topic = freshTopic()
    const cluster = await EmbeddedCluster.start({ brokers, topics: { [topic]: partitions } })
    clusters.push(cluster)
    servers = cluster.bootstrapServers
    const producer = await connect({
      'allow.auto.create.topics': false,
      'retry.backoff.ms': 20,
      'retry.backoff.max.ms': 100,
      'reconnect.backoff.ms': 20,
      'reconnect.backoff.max.ms': 100,
      ...properties,
    })
    return { cluster, producer, topic, ledger: new Ledger(producer, cluster, topic) }
  }
}
