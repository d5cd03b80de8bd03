const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN = 0x7b
const CLOSE = 0x7d

const short: Readonly<Record<number, string>> = { 8: '\\b', 9: '\\t', 10: '\\n', 12: '\\f', 13: '\\r' }
const escapes = Array.from({ length: 32 }, (_, code) =>
  Buffer.from(short[code] ?? `\\u${code.toString(16).padStart(4, '0')}`),
)

/** A byte may become six: `\u0000`. */
const WIDEST = 6

/** Writes JSON objects of strings with the same names each, byte by byte: no string is made. */
export class JsonObjectWriter {
  /** For each member what stands before its text: a comma, its name, a colon and a quote. */
  readonly #openings: readonly Buffer[]
  #target = Buffer.allocUnsafeSlow(4096)
  #length = 0
  #members = 0

  constructor(names: readonly string[]) {
    this.#openings = names.map((name, index) =>
      Buffer.from(`${index === 0 ? '' : ','}${JSON.stringify(name)}:"`),
    )
  }

  begin(): void {
    this.#members = 0
    this.#length = 0
    this.#room(1)
    this.#target[this.#length++] = OPEN
  }

  /** The next member's text, `bytes[start, end)`, which is UTF-8; of two quotes in a row one is left out if `doubled`. */
  add(bytes: Buffer, start: number, end: number, doubled: boolean): void {
    const opening = this.#openings[this.#members++]!
    this.#room(opening.length + WIDEST * (end - start) + 2)
    const target = this.#target
    let length = this.#length
    for (let at = 0; at < opening.length; at++) target[length++] = opening[at]!
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte >= 0x20 && byte !== QUOTE && byte !== BACKSLASH) {
        target[length++] = byte
      } else if (byte < 0x20) {
        const escaped = escapes[byte]!
        for (let index = 0; index < escaped.length; index++) target[length++] = escaped[index]!
      } else {
        target[length++] = BACKSLASH
        target[length++] = byte
        if (doubled && byte === QUOTE) at++
      }
    }
    target[length++] = QUOTE
    this.#length = length
  }

  /** The object; good until the next one begins. */
  finish(): Buffer {
    this.#room(1)
    this.#target[this.#length++] = CLOSE
    return this.#target.subarray(0, this.#length)
  }

  #room(bytes: number): void {
    const needed = this.#length + bytes
    if (needed <= this.#target.length) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.#target.length))
    this.#target.copy(larger, 0, 0, this.#length)
    this.#target = larger
  }
}
