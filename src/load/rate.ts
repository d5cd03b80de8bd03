import { setTimeout as sleep } from 'node:timers/promises'

/** No more than this is released at once, so that a rate holds over short times too. */
const BURST_MS = 10

/** After a pause longer than this a schedule begins anew; shorter ones are made up for. */
const FORGOTTEN_MS = 1000

/** When units are due that come at a rate: `n` of them take n / perSecond seconds, from the first call on. */
export class Schedule {
  readonly #perSecond: number
  #due: number | undefined

  constructor(perSecond: number) {
    this.#perSecond = perSecond
  }

  /** Takes the next `count` units, at `now` in ms. @returns in how many ms they are due; less than 0: since when */
  take(count: number, now: number): number {
    if (this.#due === undefined || now - this.#due > FORGOTTEN_MS) this.#due = now
    const wait = this.#due - now
    this.#due += (count / this.#perSecond) * 1000
    return wait
  }
}

/** The most to take at a time; absent: as much as there is. */
export interface Burst {
  readonly records?: number | undefined
  readonly bytes?: number | undefined
}

/**
 * Releases records by their number, by their bytes, or both: then each rate holds, and the slower one is what is seen.
 * Bytes are those of key and value.
 */
export class Rate {
  /** What is due in 10 ms; at least one record is taken, however large. */
  readonly burst: Burst
  readonly #records: Schedule | undefined
  readonly #bytes: Schedule | undefined

  constructor({
    records,
    bytes,
  }: { readonly records?: number | undefined; readonly bytes?: number | undefined }) {
    const most = (perSecond: number | undefined) =>
      perSecond === undefined ? undefined : Math.max(1, Math.floor((perSecond * BURST_MS) / 1000))
    this.burst = { records: most(records), bytes: most(bytes) }
    this.#records = records === undefined ? undefined : new Schedule(records)
    this.#bytes = bytes === undefined ? undefined : new Schedule(bytes)
  }

  /** Waits until the next records, of so many bytes together, are due; an abort ends the wait. */
  async take(records: number, bytes: number, signal: AbortSignal): Promise<void> {
    const now = performance.now()
    const wait = Math.max(this.#records?.take(records, now) ?? 0, this.#bytes?.take(bytes, now) ?? 0)
    if (wait < 1) return
    await sleep(wait, undefined, { signal }).catch(() => {})
  }
}
