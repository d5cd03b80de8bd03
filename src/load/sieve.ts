/** As many as these are tried one by one, side by side: that takes fewer round trips than halving them. */
export const FEW = 32

/** What is to be tried next: all of them in one batch, if they fit in, or each in a batch of its own. */
export interface Trial<T> {
  readonly items: readonly T[]
  readonly alone: boolean
}

/** What a trial has shown. */
export interface Finding<T> {
  /** Still suspected, in their order: they shared a batch that was refused. */
  readonly back: readonly T[]
  /** Refused alone. */
  readonly guilty: number
}

/**
 * Finds the culprits among the suspects of one partition, from front to back, so that they keep their order: a group that
 * is refused is halved until few are left, and the next one is twice as large as the last that was not. Where many are
 * guilty, groups would be refused all the time: then each is tried alone.
 */
export class Sieve<T> {
  readonly #most: number
  #items: T[] = []
  #next: { readonly count: number; readonly alone: boolean } | undefined

  /** @param most that are tried at a time */
  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#items.length
  }

  add(items: readonly T[]): void {
    for (const item of items) this.#items.push(item)
  }

  /** Takes what is to be tried; `heard` comes before it is asked again. Undefined: nothing is left. */
  next(): Trial<T> | undefined {
    const { length } = this.#items
    if (length === 0) return undefined
    // there is a culprit among them
    const { count, alone } = this.#next ?? { count: Math.ceil(length / 2), alone: false }
    const few = length <= FEW
    const items = this.#items.splice(0, few ? length : Math.min(count, this.#most))
    return { items, alone: alone || few }
  }

  heard({ items, alone }: Trial<T>, { back, guilty }: Finding<T>): void {
    const tried = items.length
    this.#items = [...back, ...this.#items]
    if (!alone && back.length > 0) {
      const few = back.length <= FEW
      this.#next = { count: few ? back.length : Math.ceil(back.length / 2), alone: few }
    } else if (alone && 4 * guilty >= tried) {
      this.#next = { count: Math.max(FEW, 2 * tried), alone: true }
    } else {
      this.#next = { count: 2 * Math.max(FEW, alone ? 0 : tried), alone: false }
    }
    if (this.#items.length === 0) this.#next = undefined
  }

  /** Takes all of them out. */
  leave(): readonly T[] {
    return this.#items.splice(0)
  }
}
