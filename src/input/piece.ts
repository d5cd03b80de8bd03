import type { BytesColumn } from './column.ts'

/** What a field of a record stands for: a piece of the block's bytes, bytes of its own, or null. */
export class Piece {
  /** In the block's bytes; -1 where it is none of them. */
  #start = -1
  #end = -1
  #own: Buffer | null = null

  setSlice(start: number, end: number): void {
    this.#start = start
    this.#end = end
  }

  setOwn(bytes: Buffer | null): void {
    this.#start = -1
    this.#own = bytes
  }

  /** Its bytes; `block` is what it is a piece of. */
  bytes(block: Buffer): Buffer | null {
    return this.#start < 0 ? this.#own : block.subarray(this.#start, this.#end)
  }

  equals(block: Buffer, other: Buffer): boolean {
    if (this.#start < 0) return this.#own?.equals(other) ?? false
    return this.#end - this.#start === other.length && block.subarray(this.#start, this.#end).equals(other)
  }

  addTo(column: BytesColumn): void {
    if (this.#start >= 0) column.addSlice(this.#start, this.#end)
    else if (this.#own === null) column.addNull()
    else column.addBytes(this.#own)
  }
}
