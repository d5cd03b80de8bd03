import { type Envelope, fromEnvelope, NoEnvelope } from '../envelope.ts'
import { type Extracted, type OnBad, type Problem, Sieve } from './bad.ts'
import type { MessageDetails, RecordBlock } from './block.ts'
import { BytesColumn } from './column.ts'
import { MAX_PARTITION, NotThat, topicOf } from './details.ts'

/** Makes messages of records that are envelopes: all that is known of a message, as a line of JSON. */
export class EnvelopeExtractor {
  readonly #needsTopic: boolean

  /** With `needsTopic` a record that does not name its topic is bad. */
  constructor(needsTopic: boolean) {
    this.#needsTopic = needsTopic
  }

  extract(records: RecordBlock, onBad: OnBad): Extracted {
    const { bytes, ranges, count } = records
    const sieve = new Sieve(records, onBad)
    const keys = new BytesColumn(bytes, count)
    const values = new BytesColumn(bytes, count)
    const details: MessageDetails[] = []
    for (let index = 0; index < count; index++) {
      const found = this.#read(bytes.subarray(ranges[2 * index], ranges[2 * index + 1]))
      if ('what' in found) {
        if (!sieve.reject(index, found)) break
        continue
      }
      const { key, value, topic, partition, timestamp, headers } = found
      add(keys, key)
      add(values, value)
      details.push({ topic, partition, timestamp, headers })
    }
    const left = sieve.records()
    const block = { ...values.finish(), keys: keys.finish(), details, count: left.count, records: left }
    return { block, stopped: sieve.stopped }
  }

  #read(line: Buffer): Envelope | Problem {
    try {
      const envelope = fromEnvelope(line)
      this.#check(envelope)
      return envelope
    } catch (error) {
      if (!(error instanceof NoEnvelope) && !(error instanceof NotThat)) throw error
      return {
        what: `is no envelope: ${error.message}`,
        hint: 'An envelope is a line of JSON with "value", and "topic", "partition", "key", "headers", "timestamp", "encoding" where they are known',
      }
    }
  }

  #check({ topic, partition = 0, timestamp = 1 }: Envelope): void {
    if (topic === undefined && this.#needsTopic) {
      throw new NoEnvelope('"topic" is missing, and no other topic was given')
    }
    if (topic !== undefined) checkTopic(topic)
    if (partition > MAX_PARTITION) throw new NoEnvelope(`"partition" is beyond ${MAX_PARTITION}`)
    // librdkafka takes 0 for now
    if (timestamp === 0) throw new NoEnvelope('"timestamp" is 0, which cannot be sent')
  }
}

function checkTopic(topic: string): void {
  try {
    topicOf(Buffer.from(topic))
  } catch (error) {
    if (!(error instanceof NotThat)) throw error
    throw new NoEnvelope(`"topic": ${error.message}`)
  }
}

function add(column: BytesColumn, bytes: Buffer | null): void {
  if (bytes === null) column.addNull()
  else column.addBytes(bytes)
}
