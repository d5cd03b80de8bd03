import { MillraceError } from '../../errors.ts'
import { type Spelling, spell } from '../spelling.ts'
import type { TopicRules } from './rules.ts'
import type { SampledTopic, Stamp } from './sample.ts'
import { date, number, span } from './wording.ts'

/** So many segments a partition are worth a word: each is three files that a broker keeps open. */
const MANY_SEGMENTS = 500

export interface Verdict {
  /** What would make of the load something else than was asked for. */
  readonly refusal: MillraceError | undefined
  readonly notes: readonly string[]
}

/**
 * What becomes of records with such timestamps in such a topic.
 * @param chosen whether the timestamps were asked for, with timestampField, and do not just stand in envelopes
 * @param now the broker's clock, as far as it is known here
 */
export function judgeTimestamps(
  rules: TopicRules,
  sample: SampledTopic,
  { chosen, now, spelling }: { readonly chosen: boolean; readonly now: number; readonly spelling: Spelling },
): Verdict {
  const { topic } = rules
  const allow = spell(spelling, 'allowExpired', true)
  if (rules.appendTime) {
    const what = `${topic} has message.timestamp.type=LogAppendTime: Kafka replaces each record's timestamp by its own time`
    const hint = `Set message.timestamp.type=CreateTime on the topic, leave ${spell(spelling, 'timestampField')} out, or give ${allow} to load without the timestamps`
    return chosen ? refused(what, hint, { topic }) : { refusal: undefined, notes: [what] }
  }
  const { beforeMaxMs, beforeName, afterMaxMs, afterName, retentionMs } = rules
  const sampled = `of ${number(sample.records)} sampled records with timestamps for ${topic}`
  const beyond = (test: (timestamp: number) => boolean) => number(sample.timestamps.filter(test).length)
  const context = {
    topic,
    sampled: sample.records,
    earliest: sample.earliest.timestamp,
    latest: sample.latest.timestamp,
  }
  if (sample.earliest.timestamp < now - beforeMaxMs) {
    return refused(
      `${beyond(time => time < now - beforeMaxMs)} ${sampled} are older than Kafka takes them ` +
        `(${beforeName}=${beforeMaxMs}, ${span(beforeMaxMs)}); the oldest is of ${shown(sample.earliest)}. ` +
        'Kafka refuses each batch with such a record',
      `Raise ${beforeName} of the topic, leave the timestamps out, or give ${allow} to try it all the same`,
      { ...context, property: beforeName, limitMs: beforeMaxMs },
    )
  }
  if (sample.latest.timestamp > now + afterMaxMs) {
    return refused(
      `${beyond(time => time > now + afterMaxMs)} ${sampled} lie further in the future than Kafka takes them ` +
        `(${afterName}=${afterMaxMs}, ${span(afterMaxMs)}); the last is of ${shown(sample.latest)}. ` +
        'Kafka refuses each batch with such a record',
      `See whether the timestamps are milliseconds and the clocks agree, raise ${afterName} of the topic, ` +
        `or give ${allow} to try it all the same`,
      { ...context, property: afterName, limitMs: afterMaxMs },
    )
  }
  if (retentionMs !== null && sample.earliest.timestamp < now - retentionMs) {
    return refused(
      `${beyond(time => time < now - retentionMs)} ${sampled} are older than ${topic} keeps them ` +
        `(retention.ms=${retentionMs}, ${span(retentionMs)}); the oldest is of ${shown(sample.earliest)}. ` +
        'Kafka would acknowledge such records, and delete them minutes later',
      `Raise retention.ms of the topic (-1: keep for ever), leave the timestamps out, or give ${allow} to load them all the same`,
      { ...context, property: 'retention.ms', limitMs: retentionMs },
    )
  }
  return { refusal: undefined, notes: segmentNotes(rules, sample) }
}

function segmentNotes({ topic, segmentMs }: TopicRules, { earliest, latest }: SampledTopic): string[] {
  const covered = latest.timestamp - earliest.timestamp
  const segments = Math.floor(covered / segmentMs)
  if (segments < MANY_SEGMENTS) return []
  return [
    `The timestamps cover ${span(covered)}, and ${topic} begins a segment every ${span(segmentMs)} of them (segment.ms): ` +
      `${number(segments)} segments a partition at least, more where they are out of order`,
  ]
}

function shown({ timestamp, input }: Stamp): string {
  return `${date(timestamp)} (${input === '-' ? 'standard input' : input})`
}

function refused(message: string, hint: string, context: Readonly<Record<string, unknown>>): Verdict {
  return { refusal: new MillraceError('PREFLIGHT_REFUSED', message, { hint, context }), notes: [] }
}
