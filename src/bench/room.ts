interface Waiting {
  readonly need: number
  readonly enter: () => void
}

/**
 * Room for messages of one producer: loops take before they offer, and what ended gives back. Who finds
 * none waits, and is woken once there is `wakeAt`, so that a loop waits once for many messages.
 */
export class Room {
  readonly size: number
  readonly #wakeAt: number
  #free: number
  #waiting: Waiting[] = []
  #whenEmpty: (() => void) | undefined

  constructor(size: number, wakeAt: number) {
    this.size = size
    this.#wakeAt = Math.max(1, wakeAt)
    this.#free = size
  }

  get taken(): number {
    return this.size - this.#free
  }

  /** True: taken. Otherwise `wait`, and try again. */
  take(count: number): boolean {
    if (this.#free < count) return false
    this.#free -= count
    return true
  }

  /** Resolves when it is worth trying again to take `need`. */
  wait(need: number): Promise<void> {
    return new Promise(enter => {
      this.#waiting.push({ need: Math.max(need, this.#wakeAt), enter })
    })
  }

  give(count: number): void {
    this.#free += count
    const first = this.#waiting[0]
    if (first !== undefined && this.#free >= first.need) this.wake()
    if (this.#free === this.size) this.#whenEmpty?.()
  }

  /** Has everyone who waits look again. */
  wake(): void {
    const waiting = this.#waiting
    this.#waiting = []
    for (const { enter } of waiting) enter()
  }

  /** Resolves when all is given back. */
  empty(): Promise<void> {
    if (this.#free === this.size) return Promise.resolve()
    return new Promise(resolve => {
      this.#whenEmpty = resolve
    })
  }
}
