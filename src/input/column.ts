import { NO_BYTES } from '../types.ts'

/**
 * One byte string (or null) per message, as ranges. As long as all are pieces of `source` nothing
 * is copied; the first that is not has all of them copied into memory of the column's own.
 */
export class BytesColumn {
  readonly #source: Buffer
  readonly #ranges: Uint32Array
  #count = 0
  #own: Buffer | undefined
  #used = 0

  constructor(source: Buffer, capacity: number) {
    this.#source = source
    this.#ranges = new Uint32Array(2 * capacity)
  }

  /** Adds `source[start, end)`. */
  addSlice(start: number, end: number): void {
    if (this.#own === undefined) this.#push(start, end)
    else this.#copy(this.#own, this.#source, start, end)
  }

  /** Adds bytes from elsewhere. */
  addBytes(bytes: Buffer): void {
    this.#copy(this.#own ?? this.#leaveSource(), bytes, 0, bytes.length)
  }

  addNull(): void {
    this.#push(NO_BYTES, NO_BYTES)
  }

  finish(): { bytes: Buffer; ranges: Uint32Array } {
    const ranges =
      this.#ranges.length === 2 * this.#count ? this.#ranges : this.#ranges.slice(0, 2 * this.#count)
    return { bytes: this.#own?.subarray(0, this.#used) ?? this.#source, ranges }
  }

  #push(start: number, end: number): void {
    this.#ranges[2 * this.#count] = start
    this.#ranges[2 * this.#count + 1] = end
    this.#count++
  }

  #copy(own: Buffer, from: Buffer, start: number, end: number): void {
    const used = this.#used + end - start
    let target = own
    if (used > own.length) {
      target = Buffer.allocUnsafeSlow(Math.max(used, 2 * own.length))
      own.copy(target, 0, 0, this.#used)
      this.#own = target
    }
    from.copy(target, this.#used, start, end)
    this.#push(this.#used, used)
    this.#used = used
  }

  #leaveSource(): Buffer {
    const slices = this.#ranges.slice(0, 2 * this.#count)
    const own = Buffer.allocUnsafeSlow(4096)
    this.#own = own
    this.#count = 0
    for (let at = 0; at < slices.length; at += 2) {
      if (slices[at] === NO_BYTES) this.addNull()
      else this.#copy(this.#own, this.#source, slices[at]!, slices[at + 1]!)
    }
    return this.#own
  }
}
