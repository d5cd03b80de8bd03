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
    // the description has offsets, too, of which each partition's are two requests: only for a topic that has yet to be made
    const partitions = (await producer.topicLeaders(name)) ?? (await producer.describeTopic(name))?.partitions
    if (partitions === undefined) return null
    const broker = partitions.find(({ leader }) => leader >= 0)?.leader ?? 0
    const { clusterId, topicIds } = await clusterIds(producer, { topics: [name], broker })
    const topicId = embedded ? null : (topicIds.get(name) ?? null)
    return { clusterId, topic: { topic: name, topicId, partitions: partitions.length } }
  }
  const first = topic === undefined ? null : await describe(topic)
  const { clusterId } = first ?? (await clusterIds(producer))
  return {
    clusterId: embedded ? null : clusterId,
    embedded,
    topics: first === null ? [] : [first.topic],
    topic: async name => (await describe(name))?.topic ?? null,
  }
}
