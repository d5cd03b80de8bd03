/** The beginning of a record whose end has not been read yet. */
export class Carry {
  #bytes: Buffer = Buffer.alloc(0)
  #length = 0

  get length(): number {
    return this.#length
  }

  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length)
  }

  /** The last `count` bytes, or fewer if there are not so many. */
  tail(count: number): Buffer {
    return this.#bytes.subarray(Math.max(0, this.#length - count), this.#length)
  }

  /** Holds on to a piece of a chunk without copying. */
  hold(bytes: Buffer): void {
    this.#bytes = bytes
    this.#length = bytes.length
  }

  /** Adds bytes by copying. Room is doubled, so each byte is copied about twice however small the pieces. */
  append(bytes: Buffer): void {
    const length = this.#length + bytes.length
    // a piece of a chunk has no room to spare, so that what is written to is always memory of our own
    if (length > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(length, 2 * this.#length))
      this.#bytes.copy(larger, 0, 0, this.#length)
      this.#bytes = larger
    }
    bytes.copy(this.#bytes, this.#length)
    this.#length = length
  }

  /** Hands the bytes over, and is empty then. */
  take(): Buffer {
    const bytes = this.bytes
    this.#bytes = Buffer.alloc(0)
    this.#length = 0
    return bytes
  }
}
