import { type BadRecord, blanksUpTo, borderBefore, byteOf, type MessageBlock } from '../input/index.ts'
import { NO_BYTES } from '../types.ts'
import type { Burst } from './rate.ts'

/** Records that are asked for together. */
export interface Slice {
  readonly count: number
  /** Of keys and values; 0 where nobody counts them. Bad records have none. */
  readonly bytes: number
}

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
  readonly #first: number
  #good = 0
  #passed = 0

  /** @param first the message to begin with */
  constructor(block: MessageBlock, bad: readonly BadRecord[], first = 0) {
    this.#block = block
    this.#bad = bad
    this.#good = first
    this.#first = first
  }

  /** Blank lines of the block before the message to begin with: none where all of it is to be taken. */
  get blanksBefore(): number {
    return this.#first === 0 ? 0 : blanksUpTo(this.#block.records, this.#first)
  }

  get left(): number {
    return this.#block.count - this.#good + this.#bad.length - this.#passed
  }

  /** Where reading could begin again with what is left; and the blank lines of the block before that. */
  get border(): { readonly at: number; readonly blanks: number } {
    const { records, count } = this.#block
    const next = this.#bad[this.#passed]
    const good = this.#good
    if (next === undefined || (good < count && byteOf(records, good) < next.byte))
      return { at: borderBefore(records, good), blanks: blanksUpTo(records, good) }
    // a block may have nothing but bad records: what is blank in it comes with the last of them
    const upTo = (index: number) => (index <= 0 ? 0 : blanksUpTo(records, index))
    if (records.unit !== 'record') return { at: next.byte, blanks: upTo(good - 1) }
    // what stands before the bad record's own bytes belongs to it
    const before = this.#bad[this.#passed - 1]
    const goodEnd =
      good === 0 ? records.startByte : records.startByte + (records.ranges[2 * good - 1] as number)
    return {
      at: Math.max(goodEnd, before === undefined ? 0 : before.byte + before.length),
      blanks: upTo(good),
    }
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

  /** What comes next: as much as a burst allows, and one record at least. */
  slice({ records: most, bytes: mostBytes }: Burst): Slice {
    const left = Math.min(most ?? this.left, this.left)
    if (mostBytes === undefined) return { count: left, bytes: 0 }
    const { ranges, keys } = this.#block
    let good = this.#good
    let count = 0
    let bytes = 0
    for (; count < left; count++) {
      if (this.#isBad(good, this.#passed + count - (good - this.#good))) continue
      const size = sizeAt(ranges, good) + sizeAt(keys?.ranges, good)
      if (count > 0 && bytes + size > mostBytes) break
      bytes += size
      good++
    }
    return { count, bytes }
  }

  #next(): void {
    if (this.#isBad(this.#good, this.#passed)) this.#passed++
    else this.#good++
  }

  /** Whether the next record is a bad one, when so many of each have been taken. */
  #isBad(good: number, passed: number): boolean {
    const { records, count } = this.#block
    const bad = this.#bad[passed]
    return bad !== undefined && (good === count || bad.byte < byteOf(records, good))
  }
}

function sizeAt(ranges: Uint32Array | undefined, index: number): number {
  if (ranges === undefined) return 0
  const start = ranges[2 * index] as number
  return start === NO_BYTES ? 0 : (ranges[2 * index + 1] as number) - start
}
