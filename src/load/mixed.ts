import { type BadRecord, byteOf, type MessageBlock } from '../input/index.ts'

/** Messages `from` to `to` (exclusive) of a block, and the bad records that stand between them. */
export interface Share {
  readonly from: number
  readonly to: number
  readonly bad: readonly BadRecord[]
}

/** Good and bad records of a block, taken in the order in which they stand in the input. */
export class Mixed {
  readonly #block: MessageBlock
  readonly #bad: readonly BadRecord[]
  #good = 0
  #passed = 0

  constructor(block: MessageBlock, bad: readonly BadRecord[]) {
    this.#block = block
    this.#bad = bad
  }

  get left(): number {
    return this.#block.count - this.#good + this.#bad.length - this.#passed
  }

  /** The next `count` records, no more than are left. */
  take(count: number): Share {
    const from = this.#good
    const first = this.#passed
    if (count >= this.left) {
      this.#good = this.#block.count
      this.#passed = this.#bad.length
    } else for (let n = 0; n < count; n++) this.#next()
    return { from, to: this.#good, bad: this.#bad.slice(first, this.#passed) }
  }

  #next(): void {
    const { records, count } = this.#block
    const bad = this.#bad[this.#passed]
    const isBad = bad !== undefined && (this.#good === count || bad.byte < byteOf(records, this.#good))
    if (isBad) this.#passed++
    else this.#good++
  }
}
