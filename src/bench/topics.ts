import { randomBytes } from 'node:crypto'
import { Admin } from '../client/admin.ts'
import type { Properties } from '../client/producer-client.ts'
import { aborted, MillraceError } from '../errors.ts'

const SLICE_MS = 1000
const PATIENCE_MS = 10_000
const GONE = 'UNKNOWN_TOPIC_OR_PART'

/** The topics of one run on a cluster that can make them. */
export class Topics {
  readonly #admin: Admin
  readonly #prefix = `millrace-bench-${randomBytes(4).toString('hex')}`
  readonly #timeoutMs: number
  readonly #made = new Set<string>()
  #count = 0

  /** @throws MillraceError CONFIG_INVALID_VALUE, CLIENT_NOT_BUILT */
  constructor(properties: Properties, { timeoutMs = PATIENCE_MS } = {}) {
    this.#admin = Admin.open(properties)
    this.#timeoutMs = timeoutMs
  }

  /**
   * Makes a topic of a new name; waits for that at most 10 s.
   * @throws MillraceError BROKER_UNREACHABLE, REQUEST_FAILED, ABORTED within a second of the signal
   */
  async make(partitions: number | null, signal?: AbortSignal): Promise<string> {
    if (signal?.aborted) throw aborted(signal)
    const topic = `${this.#prefix}-${++this.#count}`
    // an answer that was lost may stand for a topic that was made
    this.#made.add(topic)
    const wanted = { partitions: partitions ?? undefined }
    try {
      await this.#insist(
        slice => this.#admin.createTopic(topic, wanted, slice),
        'TOPIC_ALREADY_EXISTS',
        signal,
      )
    } catch (error) {
      throw withHint(error)
    }
    return topic
  }

  /**
   * Deletes a topic made here; one that could not be deleted is tried again by `close`. Waits at most 10 s. Never rejects.
   */
  async drop(topic: string): Promise<void> {
    await this.#drop(topic)
  }

  /** Deletes what is left, as long as somebody answers, and returns what could not be deleted. Never rejects. */
  async close(): Promise<string[]> {
    for (const topic of [...this.#made]) {
      // if nobody answers about one, nobody will about the others
      if ((await this.#drop(topic)) === 'unanswered') break
    }
    this.#admin.close()
    return [...this.#made]
  }

  async #drop(topic: string): Promise<'gone' | 'refused' | 'unanswered'> {
    try {
      await this.#insist(slice => this.#admin.deleteTopic(topic, slice), GONE)
    } catch (error) {
      if (nameOf(error) !== GONE) {
        return error instanceof MillraceError && error.code === 'BROKER_UNREACHABLE'
          ? 'unanswered'
          : 'refused'
      }
    }
    this.#made.delete(topic)
    return 'gone'
  }

  /**
   * Asks in short requests, since each blocks a thread of libuv's pool and with it the process from ending. `done`: the
   * answer to the next one, where one that was given up was heard after all; names are nobody else's.
   */
  async #insist(
    ask: (timeoutMs: number) => Promise<void>,
    done: string,
    signal?: AbortSignal,
  ): Promise<void> {
    const until = performance.now() + this.#timeoutMs
    for (let again = false; ; again = true) {
      if (signal?.aborted) throw aborted(signal)
      try {
        return await ask(Math.max(1, Math.min(SLICE_MS, Math.ceil(until - performance.now()))))
      } catch (error) {
        const name = nameOf(error)
        if (again && name === done) return
        if (name !== '_TIMED_OUT' || performance.now() >= until) throw error
      }
    }
  }
}

function nameOf(error: unknown): unknown {
  return error instanceof MillraceError ? error.context.kafkaName : undefined
}

function withHint(error: unknown): unknown {
  if (!(error instanceof MillraceError) || error.code === 'ABORTED') return error
  return new MillraceError(error.code, error.message, {
    cause: error,
    context: error.context,
    hint: 'If this cluster makes no topics, give one that is there with --topic',
  })
}
