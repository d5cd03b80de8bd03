import { randomBytes } from 'node:crypto'
import { Admin } from '../client/admin.ts'
import type { Properties } from '../client/producer-client.ts'
import { MillraceError } from '../errors.ts'

/** The topics of one run on a cluster that can make them. */
export class Topics {
  readonly #admin: Admin
  readonly #prefix = `millrace-bench-${randomBytes(4).toString('hex')}`
  readonly #made = new Set<string>()
  #count = 0

  /** @throws MillraceError CONFIG_INVALID_VALUE, CLIENT_NOT_BUILT */
  constructor(properties: Properties) {
    this.#admin = Admin.open(properties)
  }

  /**
   * Makes a topic of a new name.
   * @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED
   */
  async make(partitions: number | null): Promise<string> {
    const topic = `${this.#prefix}-${++this.#count}`
    // an answer that was lost may stand for a topic that was made
    this.#made.add(topic)
    try {
      await this.#admin.createTopic(topic, { partitions: partitions ?? undefined })
    } catch (error) {
      throw withHint(error)
    }
    return topic
  }

  /** Deletes a topic made here; one that could not be deleted is tried again by `close`. */
  async drop(topic: string): Promise<void> {
    try {
      await this.#admin.deleteTopic(topic)
    } catch (error) {
      if (!isUnknownTopic(error)) return
    }
    this.#made.delete(topic)
  }

  /** Deletes what is left and returns what could not be deleted. Never rejects. */
  async close(): Promise<string[]> {
    await Promise.all([...this.#made].map(topic => this.drop(topic)))
    this.#admin.close()
    return [...this.#made]
  }
}

function isUnknownTopic(error: unknown): boolean {
  return error instanceof MillraceError && error.context.kafkaName === 'UNKNOWN_TOPIC_OR_PART'
}

function withHint(error: unknown): unknown {
  if (!(error instanceof MillraceError)) return error
  return new MillraceError(error.code, error.message, {
    cause: error,
    context: error.context,
    hint: 'If this cluster makes no topics, give one that is there with --topic',
  })
}
