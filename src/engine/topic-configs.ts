import { kafkaError, NO_ERROR } from '../client/kafka-errors.ts'
import { requestFailed } from '../client/producer-client.ts'
import { MillraceError } from '../errors.ts'
import { loadBinding } from './binding.ts'
import { handleOf } from './handles.ts'
import { producerClosed } from './message.ts'

/** A topic's effective configuration, the brokers' defaults included: texts by Kafka's names. */
export type TopicConfigs = ReadonlyMap<string, string>

export interface TopicConfigsOptions {
  /** Id of the broker to ask, as metadata has it. */
  readonly broker: number
  /** Default 5000. */
  readonly timeoutMs?: number | undefined
}

/**
 * Asks a broker for the configurations of topics, through the producer's own client (node-rdkafka has no such request).
 * What is known of a topic that cannot be told, because it is not there or may not be seen, is a MillraceError
 * REQUEST_FAILED in its place.
 * @throws MillraceError ENGINE_UNAVAILABLE with the callback engine; PRODUCER_CLOSED; REQUEST_FAILED, with
 * `context.kafkaName` _UNSUPPORTED_FEATURE where the broker has no such request; BROKER_UNREACHABLE after `timeoutMs`
 */
export async function topicConfigs(
  producer: object,
  topics: readonly string[],
  { broker, timeoutMs = 5000 }: TopicConfigsOptions,
): Promise<Map<string, TopicConfigs | MillraceError>> {
  const channel = handleOf(producer)
  if (channel === undefined) {
    throw new MillraceError(
      'ENGINE_UNAVAILABLE',
      'Topics are asked for their configuration through the addon',
      {
        hint: "Connect with { engine: 'batch' } to see why it is not used",
      },
    )
  }
  const row = await new Promise<readonly string[]>((resolve, reject) => {
    const { binding } = loadBinding()
    const asked = binding.topicConfigs(channel, broker, topics.join('\n'), timeoutMs, resolve)
    if (!asked) reject(producerClosed())
  })
  return decode(row)
}

function decode(row: readonly string[]): Map<string, TopicConfigs | MillraceError> {
  const error = failure('configuration of topics', row[0], row[1])
  if (error?.context.kafkaName === '_DESTROY') throw producerClosed()
  if (error !== undefined) throw error
  const topics = new Map<string, TopicConfigs | MillraceError>()
  for (let at = 2; at < row.length; ) {
    const [topic = '', code, reason, count] = row.slice(at, at + 4)
    const end = at + 4 + 2 * Number(count)
    const configs = new Map<string, string>()
    for (let entry = at + 4; entry < end; entry += 2)
      configs.set(row[entry] as string, row[entry + 1] as string)
    topics.set(topic, failure(`configuration of ${topic}`, code, reason) ?? configs)
    at = end
  }
  return topics
}

function failure(
  what: string,
  code: string | undefined,
  reason: string | undefined,
): MillraceError | undefined {
  if (Number(code) === NO_ERROR) return undefined
  const known = kafkaError(Number(code))
  return requestFailed(what, reason ? { ...known, text: reason } : known)
}
