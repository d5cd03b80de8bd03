const QUOTE = 0x22
const COMMA = 0x2c
const MINUS = 0x2d
const DOT = 0x2e
const ZERO = 0x30
const NINE = 0x39
const COLON = 0x3a
const OPEN_ARRAY = 0x5b
const BACKSLASH = 0x5c
const CLOSE_ARRAY = 0x5d
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d

const TRUE = Buffer.from('true')
const FALSE = Buffer.from('false')
const NULL = Buffer.from('null')

/**
 * Walks through JSON text (RFC 8259, as strict as JSON.parse) without making objects, so that the
 * source text of each value can be had: JSON.parse rounds large numbers, and takes several times as long.
 * Invalid UTF-8 inside a string is let through as it is. Positions are indices in `bytes`; a method
 * that returns one returns -1 at a fault, and `fault` and `faultAt` tell which.
 */
export class JsonScanner {
  bytes: Buffer = Buffer.alloc(0)
  end = 0
  fault = ''
  faultAt = 0
  /** Whether the string passed last has an escape. */
  escaped = false
  /** The arrays (0) and objects (1) that are open. Not recursion: depth is bounded by memory alone. */
  #open = new Uint8Array(64)

  load(bytes: Buffer, end: number): void {
    this.bytes = bytes
    this.end = end
  }

  fail(at: number, fault: string): -1 {
    this.faultAt = at
    this.fault = fault
    return -1
  }

  /** After white space. */
  space(at: number): number {
    const { bytes, end } = this
    let next = at
    while (next < end) {
      const byte = bytes[next]!
      if (byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) break
      next++
    }
    return next
  }

  /** After the string that begins at `at`. */
  string(at: number): number {
    const { bytes, end } = this
    if (at >= end || bytes[at] !== QUOTE) return this.fail(at, 'a name in double quotes is missing')
    this.escaped = false
    let next = at + 1
    while (next < end) {
      const byte = bytes[next]!
      if (byte === QUOTE) return next + 1
      if (byte < 0x20) return this.fail(next, 'a control character inside a string is not escaped')
      if (byte === BACKSLASH) {
        this.escaped = true
        next = this.#escape(next)
        if (next < 0) return -1
      } else next++
    }
    return this.fail(at, 'a string begins that does not end')
  }

  #escape(at: number): number {
    const kind = at + 1 < this.end ? this.bytes[at + 1]! : -1
    switch (kind) {
      case QUOTE:
      case BACKSLASH:
      case 0x2f: // slash
      case 0x62: // b
      case 0x66: // f
      case 0x6e: // n
      case 0x72: // r
      case 0x74: // t
        return at + 2
      case 0x75: // u
        for (let digit = at + 2; digit < at + 6; digit++) {
          if (digit >= this.end || !isHex(this.bytes[digit]!)) {
            return this.fail(at, 'an escape \\u lacks its four hexadecimal digits')
          }
        }
        return at + 6
      default:
        return this.fail(at, 'an escape is none of those that JSON has')
    }
  }

  #digits(at: number): number {
    const { bytes, end } = this
    let next = at
    while (next < end && bytes[next]! >= ZERO && bytes[next]! <= NINE) next++
    return next === at ? this.fail(at, 'a number lacks a digit') : next
  }

  #number(at: number): number {
    const { bytes, end } = this
    const first = bytes[at] === MINUS ? at + 1 : at
    let next = first < end && bytes[first] === ZERO ? first + 1 : this.#digits(first)
    if (next >= 0 && next < end && bytes[next] === DOT) next = this.#digits(next + 1)
    if (next >= 0 && next < end && (bytes[next]! | 0x20) === 0x65) {
      const sign = next + 1 < end ? bytes[next + 1] : -1
      next = this.#digits(sign === 0x2b || sign === MINUS ? next + 2 : next + 1)
    }
    return next
  }

  #literal(at: number, text: Buffer): number {
    for (let index = 0; index < text.length; index++) {
      if (at + index >= this.end || this.bytes[at + index] !== text[index]) {
        return this.fail(at, 'a value is missing, or a string without its quotes')
      }
    }
    return at + text.length
  }

  #member(at: number): number {
    const colon = this.string(at)
    return colon < 0 ? -1 : this.colon(colon)
  }

  /** After a colon with white space around it: where the value begins. */
  colon(at: number): number {
    const colon = this.space(at)
    if (colon >= this.end || this.bytes[colon] !== COLON) return this.fail(colon, 'a colon is missing')
    return this.space(colon + 1)
  }

  /** After the value that begins at `at`. */
  value(at: number): number {
    const { bytes } = this
    let depth = 0
    let next = at
    for (;;) {
      const byte = next < this.end ? bytes[next]! : -1
      if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
        const object = byte === OPEN_OBJECT
        const inside = this.space(next + 1)
        if (inside < this.end && bytes[inside] === (object ? CLOSE_OBJECT : CLOSE_ARRAY)) next = inside + 1
        else {
          this.#push(depth++, object)
          next = object ? this.#member(inside) : inside
          if (next < 0) return -1
          continue
        }
      } else {
        next = this.#scalar(byte, next)
        if (next < 0) return -1
      }
      // a value has ended: close what ends with it, up to the next value
      for (;;) {
        if (depth === 0) return next
        next = this.space(next)
        const object = this.#open[depth - 1] === 1
        const after = next < this.end ? bytes[next]! : -1
        if (after === COMMA) {
          next = this.space(next + 1)
          if (object) next = this.#member(next)
          if (next < 0) return -1
          break
        }
        if (after !== (object ? CLOSE_OBJECT : CLOSE_ARRAY)) {
          return this.fail(next, object ? 'a comma or } is missing' : 'a comma or ] is missing')
        }
        depth--
        next++
      }
    }
  }

  #scalar(byte: number, at: number): number {
    if (byte === QUOTE) return this.string(at)
    if (byte === MINUS || (byte >= ZERO && byte <= NINE)) return this.#number(at)
    if (byte === 0x74) return this.#literal(at, TRUE)
    if (byte === 0x66) return this.#literal(at, FALSE)
    if (byte === 0x6e) return this.#literal(at, NULL)
    return this.fail(at, 'a value is missing')
  }

  #push(depth: number, object: boolean): void {
    if (depth === this.#open.length) {
      const larger = new Uint8Array(2 * depth)
      larger.set(this.#open)
      this.#open = larger
    }
    this.#open[depth] = object ? 1 : 0
  }
}

function isHex(byte: number): boolean {
  const lower = byte | 0x20
  return (byte >= ZERO && byte <= NINE) || (lower >= 0x61 && lower <= 0x66)
}
