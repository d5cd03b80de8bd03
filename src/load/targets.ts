import { type BadRecord, badRecordOf, type MessageBlock } from '../input/index.ts'
import type { Constants } from './offering.ts'
import { type Spelling, spell } from './spelling.ts'

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
  readonly #spelling: Spelling
  readonly #ask: (topic: string) => Promise<number>
  /** How many partitions a topic has; 0: there is none such. */
  readonly #partitions = new Map<string, number>()

  /** @param ask asks the cluster how many partitions a topic has; 0: there is none such */
  constructor(ask: (topic: string) => Promise<number>, spelling: Spelling) {
    this.#ask = ask
    this.#spelling = spelling
  }

  /**
   * The first of the block's messages `from` to `to` (exclusive) that names a topic or partition which is not there.
   * Asks the cluster once a topic. @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED, PRODUCER_CLOSED
   */
  async firstLost(
    block: MessageBlock,
    from: number,
    to: number,
    constants: Constants,
  ): Promise<Lost | undefined> {
    const { details } = block
    if (details === undefined) return undefined
    for (let index = from; index < to; index++) {
      const topic = constants.topic ?? details[index]?.topic ?? ''
      const partition = constants.partition ?? details[index]?.partition ?? 'any'
      const partitions = this.#partitions.get(topic) ?? (await this.#look(topic))
      if (partitions === 0) return this.#lost(block, index, `the topic ${topic}`)
      if (partition === 'any' || partition < partitions) continue
      return this.#lost(block, index, `partition ${partition} of ${topic}, which has ${partitions}`)
    }
    return undefined
  }

  async #look(topic: string): Promise<number> {
    const partitions = await this.#ask(topic)
    this.#partitions.set(topic, partitions)
    return partitions
  }

  #lost({ records }: MessageBlock, index: number, what: string): Lost {
    const [topic, partition] = [spell(this.#spelling, 'topic'), spell(this.#spelling, 'partition')]
    const problem = {
      what: `names ${what}, and the cluster has no such one`,
      hint: `Create it, correct the record, or give ${topic} or ${partition} for all records`,
    }
    return { index, record: badRecordOf(records, index, problem) }
  }
}
