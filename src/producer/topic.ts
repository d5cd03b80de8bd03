import { setTimeout as sleep } from 'node:timers/promises'
import type { ProducerClient } from '../client/producer-client.ts'

export interface PartitionDescription {
  readonly partition: number
  /** Broker id; -1: no leader. */
  readonly leader: number
  /** First offset that is there. */
  readonly low: number
  /** Offset that the next message will get. */
  readonly high: number
}

export interface BrokerDescription {
  readonly id: number
  /** Where the cluster sends clients. */
  readonly host: string
  readonly port: number
}

export interface TopicDescription {
  readonly topic: string
  readonly partitions: readonly PartitionDescription[]
  /** All of the cluster. */
  readonly brokers: readonly BrokerDescription[]
}

export interface PartitionLeader {
  readonly partition: number
  /** Broker id; -1: no leader. */
  readonly leader: number
}

/** A topic that asking has made takes a moment until its partitions have leaders. */
const MADE_MS = 3000
const ASK_AGAIN_MS = 50

/**
 * A topic as the cluster has it now, or null where it has none. Where `mayBeMade` by asking for it,
 * waits a while for it to come.
 */
export async function describeTopic(
  client: ProducerClient,
  topic: string,
  { timeoutMs, mayBeMade }: { timeoutMs: number; mayBeMade: boolean },
): Promise<TopicDescription | null> {
  const until = performance.now() + (mayBeMade ? Math.min(timeoutMs, MADE_MS) : 0)
  for (;;) {
    const metadata = await client.metadata(topic, timeoutMs)
    const found = metadata.topics.find(({ name }) => name === topic)
    const partitions = found?.partitions ?? []
    const isLed = partitions.length > 0 && (!mayBeMade || partitions.every(({ leader }) => leader >= 0))
    if (isLed || performance.now() >= until) {
      const described = await withOffsets(client, topic, partitions, timeoutMs)
      return described === null ? null : { topic, partitions: described, brokers: metadata.brokers }
    }
    await sleep(ASK_AGAIN_MS)
  }
}

/** Null: there is no such topic. */
export async function leadersOf(
  client: ProducerClient,
  topic: string,
  timeoutMs: number,
): Promise<readonly PartitionLeader[] | null> {
  const { topics } = await client.metadata(topic, timeoutMs)
  const partitions = topics.find(({ name }) => name === topic)?.partitions ?? []
  if (partitions.length === 0) return null
  return partitions
    .map(({ id, leader }) => ({ partition: id, leader }))
    .sort((a, b) => a.partition - b.partition)
}

async function withOffsets(
  client: ProducerClient,
  topic: string,
  partitions: readonly { id: number; leader: number }[],
  timeoutMs: number,
): Promise<PartitionDescription[] | null> {
  if (partitions.length === 0) return null
  const described = await Promise.all(
    partitions.map(async ({ id, leader }) => ({
      partition: id,
      leader,
      ...(await client.watermarks(topic, id, timeoutMs)),
    })),
  )
  return described.sort((a, b) => a.partition - b.partition)
}
