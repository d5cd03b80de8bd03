import type { Properties } from '../../client/producer-client.ts'
import { MillraceError } from '../../errors.ts'
import type { TopicRules } from './rules.ts'
import { number } from './wording.ts'

/** librdkafka's defaults, and Kafka's for max.message.bytes. */
const BATCH_SIZE = 1_000_000
const MESSAGE_MAX_BYTES = 1_000_000
const KAFKA_MAX_MESSAGE_BYTES = 1_048_588
/** What librdkafka takes at most. */
const LARGEST = 1_000_000_000

export interface Fit {
  /** What the producers have to be made with, beside what was given. */
  readonly properties: Readonly<Record<string, number>>
  readonly notes: readonly string[]
}

/**
 * Sees that no batch can grow beyond what the topics take: a broker refuses a batch as a whole, records that are small
 * enough along with it. librdkafka counts a batch before it is compressed, and closes it before a record that would take
 * it beyond batch.size; so within the limit, one that is too large itself stands alone, and is refused alone.
 *
 * - batch.size is lowered to the least limit, unless it was given;
 * - given larger than the limit, it is refused, but with compression: what the broker sees is smaller then;
 * - message.max.bytes, the limit of one record, is raised to what topics were set to take, unless it was given. It is
 *   never lowered: a record above the limit may be below it once compressed.
 * @param given what the user has set, under canonical names
 * @throws MillraceError PREFLIGHT_REFUSED
 */
export function fitBatches(rules: readonly TopicRules[], given: Properties): Fit {
  const tightest = rules.reduce<TopicRules | undefined>(
    (least, topic) => (least !== undefined && least.batchBytes <= topic.batchBytes ? least : topic),
    undefined,
  )
  if (tightest === undefined || !Number.isFinite(tightest.batchBytes)) return { properties: {}, notes: [] }
  const { topic, batchBytes, batchLimit } = tightest
  const batchSize = numberOf(given['batch.size'])
  const messageMax = numberOf(given['message.max.bytes'])
  if (Math.min(batchSize ?? BATCH_SIZE, messageMax ?? MESSAGE_MAX_BYTES) <= batchBytes) {
    return { properties: raised(batchBytes, messageMax), notes: [] }
  }
  const figures = `${topic} takes batches of at most ${number(batchBytes)} bytes (${batchLimit})`
  if (batchSize === undefined) {
    const note = `${figures}: batch.size is ${number(batchBytes)} instead of ${number(BATCH_SIZE)}`
    return { properties: { 'batch.size': batchBytes }, notes: [note] }
  }
  const compression = given['compression.type'] ?? given['compression.codec'] ?? 'none'
  if (compression !== 'none') {
    return {
      properties: {},
      notes: [`${figures}: batches of batch.size=${batchSize} have to be smaller once compressed`],
    }
  }
  throw new MillraceError(
    'PREFLIGHT_REFUSED',
    `${figures}, and batch.size is ${number(batchSize)}: Kafka would refuse each full batch`,
    {
      hint: `Set batch.size=${batchBytes} at most, leave it out, or raise ${batchLimit} of the topic`,
      context: { topic, property: batchLimit, limitBytes: batchBytes, batchSize },
    },
  )
}

function raised(batchBytes: number, messageMax: number | undefined): Record<string, number> {
  const wanted = Math.min(batchBytes, LARGEST)
  if (messageMax !== undefined || wanted <= KAFKA_MAX_MESSAGE_BYTES) return {}
  return { 'message.max.bytes': wanted }
}

function numberOf(value: Properties[string] | undefined): number | undefined {
  return value === undefined ? undefined : Number(value)
}
