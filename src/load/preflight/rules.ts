import type { TopicConfigs } from '../../engine/topic-configs.ts'

/** What a topic's configuration means for messages that are yet to come. Times in ms, sizes in bytes. */
export interface TopicRules {
  readonly topic: string
  /** No batch may be larger: max.message.bytes and segment.bytes. */
  readonly batchBytes: number
  /** Which of the two it is. */
  readonly batchLimit: string
  /** The broker writes its own time into each record. */
  readonly appendTime: boolean
  /** Null: for ever. */
  readonly retentionMs: number | null
  /** Of a partition; null: whatever there is. */
  readonly retentionBytes: number | null
  readonly segmentMs: number
  /** How far a timestamp may lie before the broker's clock, and after it; Infinity: as far as it likes. */
  readonly beforeMaxMs: number
  readonly afterMaxMs: number
  /** The property that says so, by its name on this broker. */
  readonly beforeName: string
  readonly afterName: string
  /** Records without key are refused. */
  readonly compacted: boolean
}

/** What a broker has for "no limit" (Java's Long.MAX_VALUE), as far as a JavaScript number can tell. */
const NO_LIMIT = 2 ** 63

/** The rules behind a topic's effective configuration; what an old or odd broker does not name limits nothing. */
export function rulesOf(topic: string, configs: TopicConfigs): TopicRules {
  const limit = (name: string) => {
    const value = Number(configs.get(name) ?? Number.NaN)
    return Number.isNaN(value) || value < 0 || value >= NO_LIMIT ? Number.POSITIVE_INFINITY : value
  }
  const orNull = (value: number) => (Number.isFinite(value) ? value : null)
  const policies = (configs.get('cleanup.policy') ?? 'delete').split(',').map(policy => policy.trim())
  const deletes = policies.includes('delete')
  const [before, after] = [bound('before', limit), bound('after', limit)]
  const [message, segment] = [limit('max.message.bytes'), limit('segment.bytes')]
  return {
    topic,
    batchBytes: Math.min(message, segment),
    batchLimit: message <= segment ? 'max.message.bytes' : 'segment.bytes',
    appendTime: configs.get('message.timestamp.type') === 'LogAppendTime',
    // only what is deleted expires; compaction keeps the last of each key
    retentionMs: deletes ? orNull(limit('retention.ms')) : null,
    retentionBytes: deletes ? orNull(limit('retention.bytes')) : null,
    segmentMs: limit('segment.ms'),
    beforeMaxMs: before.ms,
    beforeName: before.name,
    afterMaxMs: after.ms,
    afterName: after.name,
    compacted: policies.includes('compact'),
  }
}

/** Kafka 3.6 to 3.9 have both; the older one counts where the newer one was left as it is. Kafka 4 has the newer only. */
function bound(
  side: 'before' | 'after',
  limit: (name: string) => number,
): { readonly ms: number; readonly name: string } {
  const own = `message.timestamp.${side}.max.ms`
  const common = 'message.timestamp.difference.max.ms'
  const ms = limit(own)
  return Number.isFinite(ms) || !Number.isFinite(limit(common))
    ? { ms, name: own }
    : { ms: limit(common), name: common }
}
