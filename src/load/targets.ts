import { type BadRecord, badRecordOf, type MessageBlock } from '../input/index.ts'
import type { Producer } from '../producer/producer.ts'
import type { Constants } from './offering.ts'

/** A record whose message has nowhere to go, and which of its block it is. */
export interface Lost {
  readonly index: number
  readonly record: BadRecord
}

/**
 * Knows the topics and partitions of the cluster, as far as records name them: librdkafka would look for a
 * topic that is not there until the message times out.
 */
export class Targets {
  readonly #producer: Producer
  /** How many partitions a topic has; 0: there is none such. */
  readonly #partitions = new Map<string, number>()

  constructor(producer: Producer) {
    this.#producer = producer
  }

  /**
   * The first of the block's first `count` messages that names a topic or partition which is not there. Asks the
   * cluster once a topic. @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED, PRODUCER_CLOSED
   */
  async firstLost(block: MessageBlock, count: number, constants: Constants): Promise<Lost | undefined> {
    const { details } = block
    if (details === undefined) return undefined
    for (let index = 0; index < count; index++) {
      const topic = constants.topic ?? details[index]?.topic ?? ''
      const partition = constants.partition ?? details[index]?.partition ?? 'any'
      const partitions = this.#partitions.get(topic) ?? (await this.#ask(topic))
      if (partitions === 0) return lost(block, index, `the topic ${topic}`)
      if (partition === 'any' || partition < partitions) continue
      return lost(block, index, `partition ${partition} of ${topic}, which has ${partitions}`)
    }
    return undefined
  }

  async #ask(topic: string): Promise<number> {
    const found = await this.#producer.describeTopic(topic)
    const partitions = found?.partitions.length ?? 0
    this.#partitions.set(topic, partitions)
    return partitions
  }
}

function lost({ records }: MessageBlock, index: number, what: string): Lost {
  const problem = {
    what: `names ${what}, and the cluster has no such one`,
    hint: 'Create it, correct the record, or give --topic or --partition for all records',
  }
  return { index, record: badRecordOf(records, index, problem) }
}
