/**
 * Bounds the records that are read and not yet written down: no more than these are sent twice after a crash.
 * First come, first served.
 */
export class OpenRoom {
  readonly limit: number
  readonly #onFull: () => void
  #open = 0
  readonly #waiting: { readonly count: number; readonly enter: () => void }[] = []

  /** @param onFull somebody waits, and may wait for what is only held back */
  constructor(limit: number, onFull: () => void) {
    this.limit = limit
    this.#onFull = onFull
  }

  get open(): number {
    return this.#open
  }

  get full(): boolean {
    return this.#waiting.length > 0
  }

  /** Waits until there is room for so many, or the signal is aborted. What is more than the limit goes alone. */
  async take(count: number, signal: AbortSignal): Promise<void> {
    if (this.#waiting.length === 0 && this.#fits(count)) {
      this.#open += count
      return
    }
    await new Promise<void>(resolve => {
      const enter = () => {
        signal.removeEventListener('abort', leave)
        resolve()
      }
      const waiter = { count, enter }
      const leave = () => {
        this.#waiting.splice(this.#waiting.indexOf(waiter), 1)
        resolve()
      }
      if (signal.aborted) return resolve()
      signal.addEventListener('abort', leave, { once: true })
      this.#waiting.push(waiter)
      this.#onFull()
    })
  }

  give(count: number): void {
    this.#open -= count
    for (let next = this.#waiting[0]; next !== undefined && this.#fits(next.count); next = this.#waiting[0]) {
      this.#waiting.shift()
      this.#open += next.count
      next.enter()
    }
  }

  #fits(count: number): boolean {
    return this.#open <= 0 || this.#open + count <= this.limit
  }
}

const LEAST_OPEN = 500_000

/** Records that may be open: a few times what is in flight, so that chunks can wait for their last record. */
export function openRecordsFor(producers: number, inFlight: number): number {
  return Math.max(LEAST_OPEN, 2 * producers * inFlight)
}
