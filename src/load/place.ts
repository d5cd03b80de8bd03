import type { RecordBlock } from '../input/index.ts'
import { unfit } from './receipt/identity.ts'
import { PrefixHash } from './receipt/prefix-hash.ts'

/** What of a stream has been sent already: it is read again, and passed over. */
export interface Passed {
  /** Offset of the first byte that was not. */
  readonly to: number
  /** Of what stands before it. */
  readonly hash: string
}

/** Where a source stands in what a receipt tells of. */
export interface Place {
  /** The number of its input. */
  readonly input: number
  /** Whether its end is the input's. */
  readonly ends: boolean
  /** It cannot be read from a position. */
  readonly isStream: boolean
  readonly passed?: Passed | undefined
}

/** Follows the reading of a stream, whose content has to be the same when it is read again. */
export class StreamWatch {
  readonly #hash: PrefixHash
  readonly #passed: Passed
  readonly #name: string
  /** All before this is in the hash. */
  #at = 0

  private constructor(hash: PrefixHash, passed: Passed, name: string) {
    this.#hash = hash
    this.#passed = passed
    this.#name = name
  }

  static async of(name: string, passed: Passed = { to: 0, hash: '' }): Promise<StreamWatch> {
    return new StreamWatch(await PrefixHash.create(), passed, name)
  }

  /**
   * Sees what is to be passed over of a block. @returns its first record that is not
   * @throws MillraceError RECEIPT_UNFIT where other content was sent
   */
  pass(block: RecordBlock): number {
    const { to, hash } = this.#passed
    if (this.#at >= to) return 0
    const last = Math.min(to, block.endByte)
    this.add(block, last)
    if (last < to) return block.count
    if (this.#hash.text !== hash) throw this.#changed()
    for (let index = 0; index < block.count; index++) {
      if (block.startByte + (block.ranges[2 * index] as number) >= to) return index
    }
    return block.count
  }

  /** The input is over. @throws MillraceError RECEIPT_UNFIT where more of it was sent than there is */
  end(): void {
    if (this.#at < this.#passed.to) throw this.#changed()
  }

  /** Adds what stands in the block before `to`. */
  add({ bytes, startByte }: RecordBlock, to: number): void {
    const from = Math.max(this.#at, startByte)
    if (to > from) this.#hash.add(bytes.subarray(from - startByte, to - startByte))
    this.#at = Math.max(this.#at, to)
  }

  /** Of all that was added. */
  get text(): string {
    return this.#hash.text
  }

  #changed() {
    const name = this.#name === '-' ? 'standard input' : this.#name
    return unfit(
      'that is resumed',
      `the first ${this.#passed.to} bytes of ${name} (unpacked) are not those that were sent`,
      'Give the same input as when the load began',
      { input: this.#name },
    )
  }
}
