import { loadClient } from '../client/load.ts'
import { ProducerClient, type ProducerClientListener, type Properties } from '../client/producer-client.ts'
import { deferred } from '../deferred.ts'
import { LIFTED } from './admission.ts'
import { type Binding, loadBinding } from './binding.ts'
import type { Limits } from './engine.ts'

/** Errors, statistics and OAuth tokens want to be served while the loop, which serves them too, does not run. */
const POLL_MS = 100

/** Payloads, one behind the other, and where each starts and ends. */
export interface Payloads {
  readonly bytes: Uint8Array
  readonly ranges: Uint32Array
}

export interface CeilingCounts {
  readonly offered: number
  readonly delivered: number
  readonly failed: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  /** librdkafka's number of the first failure's error; 0 for none. */
  readonly firstError: number
}

export interface CeilingOptions {
  readonly payloads: Payloads
  /** What may be in flight, as for an engine. */
  readonly limits: Limits
  readonly timeoutMs: number
  /** Asks for the partition of messages without a key once for many, as the batch engine does; default: for each. */
  readonly scout?: boolean | undefined
}

/**
 * What librdkafka's producer itself can do: the addon's loop in C++ offers prepared payloads, round and round, through
 * a client that is made as the batch engine's is. JavaScript only starts it and reads its counts.
 */
export class Ceiling {
  readonly client: ProducerClient
  readonly #binding: Binding
  readonly #token: number
  readonly #timer: NodeJS.Timeout
  readonly #changes: Changes
  #lastCounts: Float64Array | undefined

  private constructor(client: ProducerClient, binding: Binding, token: number, changes: Changes) {
    this.client = client
    this.#binding = binding
    this.#token = token
    this.#changes = changes
    this.#timer = setInterval(() => {
      if (!this.#running) client.poll()
    }, POLL_MS)
    this.#timer.unref()
  }

  /**
   * Waits until a broker answered.
   * @throws MillraceError ENGINE_UNAVAILABLE without the addon, CLIENT_NOT_BUILT; otherwise as ProducerClient.connect
   */
  static async connect(
    properties: Properties,
    listener: Omit<ProducerClientListener, 'report'>,
    { payloads: { bytes, ranges }, limits, timeoutMs, scout = false }: CeilingOptions,
  ): Promise<Ceiling> {
    // the addon finds librdkafka in the copy that node-rdkafka has loaded
    loadClient()
    const { binding, path } = loadBinding()
    const changes = new Changes()
    const most = (limit: number) => Math.min(limit, 1e14)
    const token = binding.ceilingOpen(bytes, ranges, most(limits.messages), most(limits.bytes), () =>
      changes.tell(),
    )
    try {
      const { client } = await ProducerClient.connect(
        { ...properties, ...LIFTED },
        { ...listener, report: () => {} },
        {
          reports: false,
          first: {
            'plugin.library.paths': path,
            'millrace.ceiling': String(token),
            'millrace.scout': String(scout),
          },
          timeoutMs,
        },
      )
      return new Ceiling(client, binding, token, changes)
    } catch (error) {
      binding.ceilingRelease(token)
      throw error
    }
  }

  get counts(): CeilingCounts {
    const counts = this.#read()
    return {
      offered: counts[0] as number,
      delivered: counts[1] as number,
      failed: counts[2] as number,
      possiblyPersisted: counts[3] as number,
      firstError: counts[4] as number,
    }
  }

  /** Offers so many messages, or without end; what was started before has to have ended. Returns at once. */
  start(topic: string, messages: number, stopAtFailure: boolean): void {
    if (this.#binding.ceilingStart(this.#token, topic, messages, stopAtFailure)) return
    throw new Error('a ceiling was started while it ran, after it was closed, or with a topic that is none')
  }

  /** Offers no more; resolves when that is so. What is in flight goes on. */
  stop(): Promise<void> {
    this.#binding.ceilingStop(this.#token)
    return this.offered()
  }

  /** Resolves when nothing more is offered: all was, it was stopped, or a message failed. */
  offered(): Promise<void> {
    return this.#changes.until(() => this.#read()[5] === 0)
  }

  /** Resolves when nothing more is offered, and all that was has ended. */
  ended(): Promise<void> {
    return this.#changes.until(() => !this.#running)
  }

  /** Has what is in flight sent without lingering; it stays so until the next start. */
  flush(): void {
    this.#binding.ceilingFlush(this.#token)
  }

  /** Drops what is in flight, which ends as failed, and destroys the client. Never rejects; bounded. */
  async close(): Promise<void> {
    if (this.#lastCounts !== undefined) return
    this.#binding.ceilingPurge(this.#token)
    await this.ended()
    clearInterval(this.#timer)
    this.#binding.ceilingClose(this.#token)
    this.#lastCounts = this.#read()
    await this.client.disconnect()
    this.#binding.ceilingRelease(this.#token)
  }

  get #running(): boolean {
    return this.#read()[6] === 1
  }

  #read(): Float64Array {
    return this.#lastCounts ?? this.#binding.ceilingCounts(this.#token)
  }
}

/** Who waits for the loop to get so far. Its thread tells of every change; waiting keeps the process alive. */
class Changes {
  #next = deferred<void>()

  tell(): void {
    this.#next.resolve()
    this.#next = deferred()
  }

  async until(condition: () => boolean): Promise<void> {
    const alive = setInterval(() => {}, 60_000)
    while (!condition()) await this.#next.promise
    clearInterval(alive)
  }
}
