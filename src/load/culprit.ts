import { setTimeout as sleep } from 'node:timers/promises'
import type { MillraceError } from '../errors.ts'
import type { Producer } from '../producer/producer.ts'
import { type Item, MOST_TOGETHER, type Offered, offerAgain } from './resender.ts'

/** Connects another producer like those of the load, but for some properties; an abort ends the trying. */
export type AnotherProducer = (
  properties: Readonly<Record<string, string | number>>,
  signal: AbortSignal,
) => Promise<Producer>

const TRY_AGAIN_MS = 500

export interface LaneListener {
  /** Hears of what was offered. */
  offered(offered: Offered): Promise<void>
  /** No producer could be made; it is tried again. */
  unreachable(error: MillraceError): void
}

/**
 * Offers items through a producer of its own, made when there is the first: nothing else is in its batches.
 */
export class Lane {
  readonly #make: () => Promise<Producer>
  readonly #listener: LaneListener
  readonly #signal: AbortSignal
  #producer: Producer | undefined
  readonly #items: Item[] = []
  #busy = false
  #running: Promise<void> = Promise.resolve()

  /** @param signal aborted: offers no more */
  constructor(make: () => Promise<Producer>, listener: LaneListener, signal: AbortSignal) {
    this.#make = make
    this.#listener = listener
    this.#signal = signal
  }

  get producer(): Producer | undefined {
    return this.#producer
  }

  add(items: readonly Item[]): void {
    for (const item of items) this.#items.push(item)
    if (!this.#busy) this.#running = this.#run()
  }

  /** Waits for what was offered, and gives back what was not; the signal is aborted. */
  async leave(): Promise<readonly Item[]> {
    await this.#running
    return this.#items.splice(0)
  }

  async #run(): Promise<void> {
    this.#busy = true
    while (this.#items.length > 0 && !this.#signal.aborted) {
      const producer = this.#producer ?? (await this.#connect())
      if (producer === undefined) continue
      const offered = await offerAgain(producer, this.#items.splice(0, MOST_TOGETHER))
      this.#items.unshift(...offered.left)
      await this.#listener.offered(offered)
    }
    this.#busy = false
  }

  async #connect(): Promise<Producer | undefined> {
    try {
      const producer = await this.#make()
      this.#producer = producer
      if (!this.#signal.aborted) return producer
      await producer.close({ timeoutMs: 0 })
      return undefined
    } catch (error) {
      this.#listener.unreachable(error as MillraceError)
      await sleep(TRY_AGAIN_MS, undefined, { signal: this.#signal }).catch(() => {})
      return undefined
    }
  }
}
