import { loadBinding } from './binding.ts'
import { handleOf } from './handles.ts'

/** By what a cluster and its topics are known again. */
export interface ClusterIds {
  /** Null: it was not told. */
  readonly clusterId: string | null
  /** Those that were told, by name. */
  readonly topicIds: ReadonlyMap<string, string>
}

/** Topics, and the id of a broker to ask for theirs, as metadata has it. */
export interface IdsAsked {
  readonly topics: readonly string[]
  readonly broker: number
}

const TIMEOUT_MS = 5000
/** librdkafka's mock cluster calls itself so, with a number. */
const EMBEDDED = 'mockCluster'

/** Whether a cluster that calls itself this is an embedded one, not Kafka. */
export function isEmbeddedId(clusterId: string | null): boolean {
  return clusterId?.startsWith(EMBEDDED) === true
}

/**
 * Asks the cluster through the producer's own client (node-rdkafka has no such request). Nothing is told with the
 * callback engine, for topics of brokers before Kafka 2.8, and of what did not answer in 5 s. Never rejects.
 */
export async function clusterIds(producer: object, asked?: IdsAsked): Promise<ClusterIds> {
  const channel = handleOf(producer)
  if (channel === undefined) return { clusterId: null, topicIds: new Map() }
  const { topics, broker } = asked ?? { topics: [], broker: 0 }
  const [clusterId = '', ...pairs] = await new Promise<readonly string[]>(resolve => {
    const { binding } = loadBinding()
    if (!binding.identify(channel, broker, topics.join('\n'), TIMEOUT_MS, resolve)) resolve([])
  })
  const topicIds = new Map<string, string>()
  for (let at = 0; at < pairs.length; at += 2) topicIds.set(pairs[at] as string, pairs[at + 1] as string)
  return { clusterId: clusterId === '' ? null : clusterId, topicIds }
}
