import type { Receiver } from './engine.ts'
import type { CallbackTally } from './tally.ts'

/** Who hears of a message: its own receiver, or the tally of its batch. */
export type Owner = Receiver | CallbackTally

const FIRST = 1024

/**
 * One slot for each message in flight; its number travels through librdkafka as the opaque, so that a
 * report finds its owner without an object made for each message.
 */
export class Slots {
  readonly owners: (Owner | undefined)[] = []
  readonly topics: string[] = []
  indexes = new Int32Array(FIRST)
  costs = new Int32Array(FIRST)
  /** When each was due, where that is timed. */
  dues = new Float64Array(FIRST)
  #free = new Int32Array(FIRST)
  #freeCount = 0
  #used = 0

  take(owner: Owner, index: number, topic: string, cost: number): number {
    let slot: number
    if (this.#freeCount > 0) {
      this.#freeCount--
      slot = this.#free[this.#freeCount] as number
    } else {
      slot = this.#used++
      if (slot === this.indexes.length) this.#grow()
    }
    this.owners[slot] = owner
    this.indexes[slot] = index
    this.topics[slot] = topic
    this.costs[slot] = cost
    return slot
  }

  release(slot: number): void {
    this.owners[slot] = undefined
    this.#free[this.#freeCount++] = slot
  }

  #grow(): void {
    const size = this.indexes.length * 2
    this.indexes = grown(this.indexes, size)
    this.costs = grown(this.costs, size)
    const dues = new Float64Array(size)
    dues.set(this.dues)
    this.dues = dues
    this.#free = grown(this.#free, size)
  }
}

function grown(array: Int32Array<ArrayBuffer>, size: number): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(size)
  larger.set(array)
  return larger
}
