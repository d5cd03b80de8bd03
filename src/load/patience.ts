import { setTimeout as sleep } from 'node:timers/promises'
import type { Producer } from '../producer/producer.ts'
import { type Item, MOST_TOGETHER, type Offered, offerAgain } from './resender.ts'

const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 2_000

/**
 * Offers what failed for the cluster's sake again, in the order in which it failed: one message after a pause, to see
 * whether the cluster is back, and then the others.
 */
export class Patience {
  readonly #producer: Producer
  readonly #offered: (offered: Offered) => Promise<readonly Item[]>
  readonly #signal: AbortSignal
  #items: Item[] = []
  #busy = false
  #running: Promise<void> = Promise.resolve()
  #pauseMs = FIRST_PAUSE_MS

  /**
   * @param offered hears what became of it, and gives those back that are to wait on
   * @param signal aborted: offers no more
   */
  constructor(
    producer: Producer,
    offered: (offered: Offered) => Promise<readonly Item[]>,
    signal: AbortSignal,
  ) {
    this.#producer = producer
    this.#offered = offered
    this.#signal = signal
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
    this.#pauseMs = FIRST_PAUSE_MS
    while (this.#items.length > 0 && !this.#signal.aborted) {
      await sleep(this.#pauseMs, undefined, { signal: this.#signal }).catch(() => {})
      if (this.#signal.aborted) break
      for (let count = 1; this.#items.length > 0 && (await this.#offer(count)); count = MOST_TOGETHER) {
        this.#pauseMs = FIRST_PAUSE_MS
      }
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS)
    }
    this.#busy = false
  }

  /** @returns whether the cluster is back: it took some of them, and none has to wait on */
  async #offer(count: number): Promise<boolean> {
    const items = this.#items.slice(0, count)
    const offered = await offerAgain(this.#producer, items)
    const waiting = [...(await this.#offered(offered)), ...offered.left]
    // in their order, before what has come meanwhile
    this.#items = [...waiting, ...this.#items.slice(items.length)]
    return waiting.length === 0 && offered.result.delivered > 0
  }
}
