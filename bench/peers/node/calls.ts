import type { Batches } from '../protocol.ts'
import { type Driver, partitionOf, type Setup } from './driver.ts'

/** A client that is given many messages at once, and tells in the end of the call that all were acknowledged. */
export interface CalledClient {
  readonly client: string
  /** Of one partition; null: the client's choice. Resolves with how many of them the cluster acknowledged. */
  send(values: readonly Buffer[], partition: number | null): Promise<number>
  close(): Promise<void>
}

/** Messages of a call where no sequence of partitions is asked for. */
const DEFAULT_UNIT = 1000

/** Has as many calls on their way as there is room for; each takes one turn of a partition. */
export class CallDriver implements Driver {
  offered = 0
  delivered = 0
  failed = 0
  #calls = 0
  readonly #client: CalledClient
  readonly #setup: Setup
  readonly #unit: number
  #left = 0
  #whenEnded: (() => void) | undefined
  #error: Error | undefined

  constructor(client: CalledClient, setup: Setup) {
    this.#client = client
    this.#setup = setup
    this.#unit = setup.run ?? DEFAULT_UNIT
  }

  get client(): string {
    return this.#client.client
  }

  /** A call is what goes out, as one batch of one partition. */
  get batches(): Batches {
    return { messages: this.delivered, batches: this.#calls, requests: this.#calls }
  }

  start(messages = Number.POSITIVE_INFINITY): void {
    this.#left = messages
    const calls = Math.max(1, Math.floor(this.#setup.outstanding / this.#unit))
    for (let call = 0; call < calls; call++) void this.#lane()
  }

  async #lane(): Promise<void> {
    const { payloads } = this.#setup
    while (this.#left > 0) {
      const first = this.offered
      const count = Math.min(this.#unit, this.#left)
      this.#left -= count
      this.offered += count
      this.#calls++
      const values = Array.from(
        { length: count },
        (_, index) => payloads[(first + index) % payloads.length] as Buffer,
      )
      try {
        const acknowledged = await this.#client.send(values, partitionOf(first, this.#setup))
        this.delivered += acknowledged
        this.failed += count - acknowledged
      } catch (error) {
        this.failed += count
        this.#error ??= error as Error
        // it would fail on and on
        this.#left = 0
      }
    }
    if (this.#inFlight === 0) this.#whenEnded?.()
  }

  get #inFlight(): number {
    return this.offered - this.delivered - this.failed
  }

  /** @throws Error the first that a call ended in */
  async finished(): Promise<void> {
    while (this.#left > 0 || this.#inFlight > 0) {
      await new Promise<void>(resolve => {
        this.#whenEnded = resolve
      })
    }
    if (this.#error !== undefined) throw this.#error
  }

  stop(): Promise<void> {
    this.#left = 0
    return this.finished()
  }

  close(): Promise<void> {
    return this.#client.close()
  }
}
