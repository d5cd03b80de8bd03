const QUOTE = 0x22

/** Splits rows into fields: where each begins and ends in the row's bytes, and whether it has doubled quotes. */
export class RowSplitter {
  /** After `split`: how many fields, and where, without their quotes. */
  count = 0
  starts = new Uint32Array(64)
  ends = new Uint32Array(64)
  /** 1: quotes stand doubled in the field, one of each two is to go. */
  doubled = new Uint8Array(64)
  /** After a fault: what is wrong, and where. */
  fault = ''
  faultAt = 0
  readonly #delimiter: number
  readonly #quotes: boolean

  /** Without `quotes` a quote is a byte like any other. */
  constructor(delimiter: number, quotes: boolean) {
    this.#delimiter = delimiter
    this.#quotes = quotes
  }

  /** False at a fault. */
  split(bytes: Buffer, start: number, end: number): boolean {
    this.count = 0
    let at = start
    for (;;) {
      if (this.#quotes && at < end && bytes[at] === QUOTE) {
        at = this.#quoted(bytes, at, end)
        if (at < 0) return false
      } else {
        const from = at
        at = this.#plain(bytes, at, end)
        if (at < 0) return false
        this.#add(from, at, 0)
      }
      if (at === end) return true
      at++
    }
  }

  /** The bytes of a field. */
  field(bytes: Buffer, index: number): Buffer {
    const field = bytes.subarray(this.starts[index]!, this.ends[index]!)
    return this.doubled[index] === 1 ? withoutDoubled(field) : field
  }

  /** After a field without quotes, at the delimiter or the row's end. */
  #plain(bytes: Buffer, start: number, end: number): number {
    const delimiter = this.#delimiter
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte === delimiter) return at
      if (byte === QUOTE && this.#quotes) {
        return this.#fail(at, 'a quote stands inside a field that does not begin with one')
      }
    }
    return end
  }

  #quoted(bytes: Buffer, start: number, end: number): number {
    let doubled = 0
    for (let at = start + 1; at < end; at++) {
      if (bytes[at] !== QUOTE) continue
      const next = at + 1
      if (next === end || bytes[next] === this.#delimiter) {
        this.#add(start + 1, at, doubled)
        return next
      }
      if (bytes[next] !== QUOTE) return this.#fail(next, 'something follows the quote that ends a field')
      doubled = 1
      at = next
    }
    return this.#fail(start, 'a quote opens a field and is never closed')
  }

  #fail(at: number, fault: string): -1 {
    this.fault = fault
    this.faultAt = at
    return -1
  }

  #add(start: number, end: number, doubled: number): void {
    const index = this.count++
    if (index === this.starts.length) this.#grow()
    this.starts[index] = start
    this.ends[index] = end
    this.doubled[index] = doubled
  }

  #grow(): void {
    const size = 2 * this.starts.length
    const larger = <T extends Uint32Array | Uint8Array>(array: T, empty: T): T => {
      empty.set(array)
      return empty
    }
    this.starts = larger(this.starts, new Uint32Array(size))
    this.ends = larger(this.ends, new Uint32Array(size))
    this.doubled = larger(this.doubled, new Uint8Array(size))
  }
}

function withoutDoubled(field: Buffer): Buffer {
  const target = Buffer.allocUnsafe(field.length)
  let length = 0
  for (let at = 0; at < field.length; at++) {
    const byte = field[at]!
    target[length++] = byte
    if (byte === QUOTE) at++
  }
  return target.subarray(0, length)
}
