import { clusterIds } from '../../engine/identity.ts'
import type { Producer } from '../../producer/producer.ts'
import type { ClusterIdentity } from './identity.ts'
import type { ReceiptTopic } from './lines.ts'

/** What the cluster says of itself and of topics. */
export interface ClusterFacts extends ClusterIdentity {
  /** Those that are sent to, as far as they are known beforehand. */
  readonly topics: readonly ReceiptTopic[]
  /** Null: there is no such topic. */
  topic(name: string): Promise<ReceiptTopic | null>
}

/** Asks for the cluster's id and the topic's. @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED */
export async function clusterFacts(
  producer: Producer,
  topic: string | undefined,
  embedded: boolean,
): Promise<ClusterFacts> {
  const describe = async (name: string) => {
    const found = await producer.describeTopic(name)
    if (found === null) return null
    const broker = found.partitions.find(({ leader }) => leader >= 0)?.leader ?? 0
    const { topicIds } = await clusterIds(producer, { topics: [name], broker })
    const topicId = embedded ? null : (topicIds.get(name) ?? null)
    return { topic: name, topicId, partitions: found.partitions.length }
  }
  const { clusterId } = await clusterIds(producer)
  const first = topic === undefined ? null : await describe(topic)
  const topics = first === null ? [] : [first]
  return { clusterId: embedded ? null : clusterId, embedded, topics, topic: describe }
}
