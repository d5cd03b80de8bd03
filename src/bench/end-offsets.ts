import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../errors.ts'
import type { BrokerDescription } from '../producer/topic.ts'
import type { Target } from './contender.ts'

const ASK_AGAIN_MS = 50
const TOPIC_READY_MS = 15_000
/** With acks=0 or 1, what was delivered can become visible after it was acknowledged. */
const SETTLE_MS = 5_000

interface Ends {
  readonly partitions: number
  /** Sum of the end offsets of all partitions. */
  readonly sum: number
  /** All of the cluster. */
  readonly brokers: readonly BrokerDescription[]
}

/**
 * Waits until the topic is there, with (at least) so many partitions and a leader for each.
 * @throws MillraceError UNKNOWN_TOPIC when that is not so after 15 s; BROKER_UNREACHABLE, REQUEST_FAILED
 */
export async function readyTopic(target: Target, topic: string, partitions: number | null): Promise<Ends> {
  const deadline = performance.now() + TOPIC_READY_MS
  for (;;) {
    const found = await askEnds(target, topic)
    if (found !== null && found.partitions >= (partitions ?? 1)) return found
    if (performance.now() > deadline) {
      throw new MillraceError(
        'UNKNOWN_TOPIC',
        `The cluster has no topic ${topic}, or not all of its leaders`,
        {
          hint: 'Create it first, or leave --topic out to have one made for each trial',
          context: { topic },
        },
      )
    }
    await sleep(ASK_AGAIN_MS)
  }
}

/**
 * By how much the ends moved since `before`: waits until they reached `expected` and stand still, a while where they do
 * not. Markers of a commit are written after it was answered, and a duplicate may come after what it duplicates.
 * @throws MillraceError UNKNOWN_TOPIC where it has lost a leader for all that while; BROKER_UNREACHABLE, REQUEST_FAILED
 */
export async function endsMoved(
  target: Target,
  topic: string,
  before: number,
  expected: number,
): Promise<number> {
  const deadline = performance.now() + SETTLE_MS
  let last = Number.NaN
  for (;;) {
    const ends = await askEnds(target, topic)
    const late = performance.now() > deadline
    if (ends !== null) {
      const moved = ends.sum - before
      if (late || (moved >= expected && moved === last)) return moved
      last = moved
    } else if (late) {
      throw new MillraceError('UNKNOWN_TOPIC', `${topic} is gone, or a partition of it has no leader`)
    }
    await sleep(ASK_AGAIN_MS)
  }
}

/** Null while the topic, or the leader of a partition, is missing. */
async function askEnds(target: Target, topic: string): Promise<Ends | null> {
  try {
    const description = await target.describeTopic(topic)
    if (description === null || description.partitions.some(({ leader }) => leader < 0)) return null
    const { partitions, brokers } = description
    return {
      partitions: partitions.length,
      sum: partitions.reduce((sum, { high }) => sum + high, 0),
      brokers,
    }
  } catch (error) {
    // a topic that was made a moment ago: not every broker knows of it
    if (error instanceof MillraceError && unknownYet.has(String(error.context.kafkaName))) return null
    throw error
  }
}

const unknownYet = new Set([
  'UNKNOWN_TOPIC_OR_PART',
  '_UNKNOWN_TOPIC',
  '_UNKNOWN_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_FOR_PARTITION',
])
