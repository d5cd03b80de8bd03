import { setTimeout as sleep } from 'node:timers/promises'

/** No more than this is released at once, so that a rate holds over short times too. */
const BURST_MS = 10

/**
 * Releases work on a schedule from its first call on: `n` messages take n / perSecond seconds. Being
 * late is made up for, but for a pause longer than a second, after which the schedule begins anew.
 */
export class Rate {
  readonly perSecond: number
  /** The most to take at a time: what is due in 10 ms, at least one. */
  readonly burst: number
  #due: number | undefined

  constructor(perSecond: number) {
    this.perSecond = perSecond
    this.burst = Math.max(1, Math.floor((perSecond * BURST_MS) / 1000))
  }

  /** Waits until the next `count` messages are due; an abort ends the wait. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    if (this.#due === undefined || now - this.#due > 1000) this.#due = now
    const wait = this.#due - now
    this.#due += (count / this.perSecond) * 1000
    if (wait < 1) return
    await sleep(wait, undefined, { signal }).catch(() => {})
  }
}
