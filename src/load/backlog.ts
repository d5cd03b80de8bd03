/** Records that may wait to be offered again while new ones are read. */
const MOST_SUSPECTS = 20_000

/**
 * What a feed has given back to be offered again: it bounds that, and keeps new records from overtaking what waits for
 * the cluster.
 */
export class Backlog {
  #suspects = 0
  #waiting = 0
  readonly #all = new Set<Promise<unknown>>()
  #wake: (() => void)[] = []

  /** `ended` never rejects. */
  add({ suspects, waiting }: { suspects: number; waiting: number }, ended: Promise<unknown>): void {
    this.#suspects += suspects
    this.#waiting += waiting
    const done = ended.then(() => {
      this.#suspects -= suspects
      this.#waiting -= waiting
      this.#all.delete(done)
      for (const wake of this.#wake.splice(0)) wake()
    })
    this.#all.add(done)
  }

  get mayRead(): boolean {
    return this.#waiting === 0 && this.#suspects < MOST_SUSPECTS
  }

  /** Waits until more may be read. */
  async clear(): Promise<void> {
    while (!this.mayRead) await new Promise<void>(resolve => this.#wake.push(resolve))
  }

  /** Waits until all of it has ended. */
  async ended(): Promise<void> {
    while (this.#all.size > 0) await Promise.all(this.#all)
  }
}
