import { topicConfigs } from '../../engine/topic-configs.ts'
import { MillraceError } from '../../errors.ts'
import type { Producer } from '../../producer/producer.ts'
import { rulesOf, type TopicRules } from './rules.ts'

export interface Told {
  readonly rules: readonly TopicRules[]
  /** Why others are not known, by topic. */
  readonly untold: ReadonlyMap<string, string>
}

export interface AskOptions {
  /** Id of the broker to ask. */
  readonly broker: number
  /** Makes a producer of the batch engine for this one request, where the load's has the other. It is closed after. */
  readonly standIn: () => Promise<Producer>
}

/** What the cluster says of these topics. Never rejects: what it does not say, goes unchecked, with the reason. */
export async function askRules(
  producer: Producer,
  topics: readonly string[],
  { broker, standIn }: AskOptions,
): Promise<Told> {
  let temporary: Producer | undefined
  try {
    if (producer.engine === 'callback') temporary = await standIn()
    const answers = await topicConfigs(temporary ?? producer, topics, { broker })
    const rules: TopicRules[] = []
    const untold = new Map<string, string>()
    for (const topic of topics) {
      const answer = answers.get(topic)
      if (answer instanceof MillraceError) untold.set(topic, reason(answer))
      else if (answer !== undefined) rules.push(rulesOf(topic, answer))
    }
    return { rules, untold }
  } catch (error) {
    return { rules: [], untold: new Map(topics.map(topic => [topic, reason(error)])) }
  } finally {
    await temporary?.close({ timeoutMs: 0 })
  }
}

function reason(error: unknown): string {
  if (!(error instanceof MillraceError)) return String(error)
  const { kafkaName } = error.context
  if (kafkaName === '_UNSUPPORTED_FEATURE') {
    return 'the brokers do not tell (an embedded cluster, or Kafka before 0.11)'
  }
  if (kafkaName === 'TOPIC_AUTHORIZATION_FAILED' || kafkaName === 'CLUSTER_AUTHORIZATION_FAILED') {
    return 'the credentials may not see that (DESCRIBE_CONFIGS on the topic)'
  }
  if (error.code === 'ENGINE_UNAVAILABLE')
    return 'that is asked for through the addon, which cannot be used here'
  return error.message
}
