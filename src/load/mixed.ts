import { type BadRecord, blanksUpTo, borderBefore, byteOf, type MessageBlock } from '../input/index.ts'

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

  /** @param first the message to begin with */
  constructor(block: MessageBlock, bad: readonly BadRecord[], first = 0) {
    this.#block = block
    this.#bad = bad
    this.#good = first
  }

  get left(): number {
    return this.#block.count - this.#good + this.#bad.length - this.#passed
  }

  /** Where reading could begin again with what is left; and the blank lines of the block before that. */
  get border(): { readonly at: number; readonly blanks: number } {
    const { records, count } = this.#block
    const next = this.#bad[this.#passed]
    const good = this.#good
    const blanks = blanksUpTo(records, good)
    if (next === undefined || (good < count && byteOf(records, good) < next.byte))
      return { at: borderBefore(records, good), blanks }
    if (records.unit !== 'record')
      return { at: next.byte, blanks: blanksUpTo(records, Math.max(0, good - 1)) }
    // what stands before the bad record's own bytes belongs to it
    const before = this.#bad[this.#passed - 1]
    const goodEnd =
      good === 0 ? records.startByte : records.startByte + (records.ranges[2 * good - 1] as number)
    return { at: Math.max(goodEnd, before === undefined ? 0 : before.byte + before.length), blanks }
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
