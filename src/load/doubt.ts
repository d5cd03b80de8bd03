/**
 * Whether a feed has reason to doubt that the cluster is there: messages of it failed, and may be in the log for all that
 * is known, so that they cannot be offered again. Until one is delivered, records are sent one at a time.
 */
export class Doubt {
  #open = 0
  #is = false
  readonly #wake: (() => void)[] = []

  get is(): boolean {
    return this.#is
  }

  offered(): void {
    this.#open++
  }

  /** An offering has ended; `lost`: some of it failed so. */
  settled({ delivered, lost }: { delivered: number; lost: boolean }): void {
    this.#open--
    this.#is = delivered === 0 && (lost || this.#is)
    for (const wake of this.#wake.splice(0)) wake()
  }

  /** Waits, where there is doubt, until all that was offered has ended. */
  async calm(): Promise<void> {
    while (this.#is && this.#open > 0) await new Promise<void>(resolve => this.#wake.push(resolve))
  }
}
