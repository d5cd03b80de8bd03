import { topicConfigs } from '../engine/topic-configs.ts'
import { describe, MillraceError } from '../errors.ts'
import type { Producer } from '../producer/producer.ts'

/** What bounds a producer, of a topic's configuration. */
export const shownConfigs = [
  'max.message.bytes',
  'cleanup.policy',
  'retention.ms',
  'retention.bytes',
  'segment.bytes',
  'segment.ms',
  'message.timestamp.type',
  'message.timestamp.before.max.ms',
  'message.timestamp.after.max.ms',
  'message.timestamp.difference.max.ms',
  'min.insync.replicas',
  'compression.type',
] as const

export interface TopicReport {
  readonly topic: string
  /** Null: there is no such topic. */
  readonly partitions: number | null
  /** Partitions without leader. */
  readonly leaderless: readonly number[]
  /** Null: not told, see `untold`. */
  readonly configs: Readonly<Record<string, string>> | null
  readonly untold: string | null
  readonly problem: MillraceError | undefined
}

/** Whether a topic is there and led, and what its limits are. Never rejects. */
export async function examineTopic(producer: Producer, topic: string): Promise<TopicReport> {
  const nothing = { topic, partitions: null, leaderless: [], configs: null, untold: null }
  try {
    const found = await producer.topicLeaders(topic)
    if (found === null) {
      const problem = new MillraceError('UNKNOWN_TOPIC', `The cluster has no topic ${topic}`, {
        hint: 'Check the name, or make it with produce --create-topic',
        context: { topic },
      })
      return { ...nothing, problem }
    }
    const leaderless = found.filter(({ leader }) => leader < 0).map(({ partition }) => partition)
    const broker = found.find(({ leader }) => leader >= 0)?.leader ?? -1
    const told = await configsOf(producer, topic, broker)
    const problem =
      leaderless.length === 0
        ? undefined
        : new MillraceError(
            'REQUEST_FAILED',
            `Partitions of ${topic} have no leader: ${leaderless.join(', ')}`,
            {
              hint: 'Messages for them wait, and fail in the end; see that the brokers with their replicas are up',
              context: { topic, leaderless },
            },
          )
    return { topic, partitions: found.length, leaderless, ...told, problem }
  } catch (error) {
    const problem =
      error instanceof MillraceError ? error : new MillraceError('REQUEST_FAILED', describe(error))
    return { ...nothing, problem }
  }
}

async function configsOf(
  producer: Producer,
  topic: string,
  broker: number,
): Promise<Pick<TopicReport, 'configs' | 'untold'>> {
  try {
    const answer = (await topicConfigs(producer, [topic], { broker })).get(topic)
    if (answer === undefined || answer instanceof MillraceError) {
      return { configs: null, untold: answer?.message ?? 'no answer' }
    }
    const known = shownConfigs.flatMap(name => {
      const value = answer.get(name)
      return value === undefined ? [] : [[name, value] as const]
    })
    return { configs: Object.fromEntries(known), untold: null }
  } catch (error) {
    return { configs: null, untold: describe(error) }
  }
}
