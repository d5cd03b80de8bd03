import { Admin } from '../client/admin.ts'
import type { Properties } from '../client/producer-client.ts'
import { splitProperties } from '../config/index.ts'
import { MillraceError } from '../errors.ts'
import { DEFAULT_PARTITIONS, type EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { TopicMaker } from './preflight/target.ts'

const CREATE_MS = 30_000

/** Makes topics where a load goes: with the brokers' own replication factor. */
export function topicMaker(properties: Properties, cluster: EmbeddedCluster | undefined): TopicMaker {
  if (cluster !== undefined)
    return (topic, partitions = DEFAULT_PARTITIONS) => cluster.createTopic(topic, { partitions })
  return async (topic, partitions) => {
    // those of topics are of no use to it, and librdkafka says so
    const admin = Admin.open(splitProperties(properties).global, { timeoutMs: CREATE_MS })
    try {
      await admin.createTopic(topic, { partitions })
    } catch (error) {
      throw withWayOut(error, topic)
    } finally {
      admin.close()
    }
  }
}

function withWayOut(error: unknown, topic: string): unknown {
  if (!(error instanceof MillraceError) || error.hint !== undefined) return error
  return new MillraceError(error.code, error.message, {
    cause: error,
    context: error.context,
    hint: `Have ${topic} made by somebody who may, or give a topic that is there`,
  })
}
