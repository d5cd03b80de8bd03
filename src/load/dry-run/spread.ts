import { partitionOfKey } from '../partitioner.ts'

/** How the records of one topic spread over its partitions. */
export class Spread {
  /** Null: not known. */
  readonly partitions: number | null
  readonly #counts: Float64Array
  readonly #murmur2: boolean
  #records = 0
  #unknown = 0
  #beside = 0

  /** @param murmur2 whether keys choose as with the Java client */
  constructor(partitions: number | null, murmur2: boolean) {
    this.partitions = partitions
    this.#counts = new Float64Array(partitions ?? 0)
    this.#murmur2 = murmur2
  }

  /**
   * Adds a record with that key, `length` bytes from `start` on; -1: none.
   * @param given its partition, where that is not chosen by key
   */
  add(given: number | undefined, key: Uint8Array, start: number, length: number): void {
    this.#records++
    const count = this.#counts.length
    if (given === undefined && (length < 0 || count === 0 || !this.#murmur2)) {
      this.#unknown++
      return
    }
    const partition = given ?? partitionOfKey(key, start, start + length, count)
    if (partition >= count) this.#beside++
    else this.#counts[partition] = (this.#counts[partition] as number) + 1
  }

  get records(): number {
    return this.#records
  }

  /** Records whose partition is chosen when they are sent, or cannot be told. */
  get unknown(): number {
    return this.#unknown
  }

  /** Records that name a partition which the topic does not have, or of which it is not known. */
  get beside(): number {
    return this.#beside
  }

  /** By partition; empty where their number is not known. */
  get counts(): readonly number[] {
    return [...this.#counts]
  }
}
