import type { Cutter } from './cutter.ts'

const LF = 0x0a
const CR = 0x0d
const QUOTE = 0x22
const BOM = [0xef, 0xbb, 0xbf] as const

/** Where in a row the next byte stands. */
const FIELD_START = 0
const PLAIN = 1
const QUOTED = 2
/** After a quote inside quotes: the field's end, or the first of two that stand for one. */
const AFTER_QUOTE = 3

/**
 * Cuts CSV (RFC 4180) into rows: LF ends one, with a CR before it or not, unless it stands in quotes. Only
 * a quote at the beginning of a field opens quotes. What stands wrong around quotes ends with its row, and
 * is found when the row's fields are looked at.
 */
export class CsvCutter implements Cutter {
  head = 0
  tail = 0
  lines = 1
  readonly broken = undefined
  endless = false
  readonly #delimiter: number
  #state = FIELD_START
  #ended = false
  /** Line breaks inside the row so far, and the last byte of it in the bytes before. */
  #breaks = 0
  #last = 0
  /** How many bytes of a byte order mark at the very start were seen; -1: that is behind us. */
  #bom = 0
  /** The next quote in these bytes, so that they are searched once. */
  #searched: Buffer | undefined
  #quote = -1

  /** `start`: the offset in the input of the first bytes; a byte order mark stands at 0 only. */
  constructor(delimiter: number, start = 0) {
    this.#delimiter = delimiter
    if (start > 0) this.#bom = -1
  }

  cut(bytes: Buffer, from: number): number {
    // a mark belongs to the first row only
    if (this.#ended) this.head = 0
    this.#ended = false
    const at = this.#bom < 0 ? from : this.#passBom(bytes, from)
    if (at >= bytes.length) return -1
    if (this.#state < QUOTED) {
      // a row without quotes, which is found without looking at each of its bytes
      const lineEnd = bytes.indexOf(LF, at)
      const stop = lineEnd < 0 ? bytes.length : lineEnd
      if (this.#nextQuote(bytes, at) >= stop) {
        if (lineEnd >= 0) return this.#end(bytes, at, lineEnd)
        this.#last = bytes[stop - 1]!
        this.#state = this.#last === this.#delimiter ? FIELD_START : PLAIN
        return -1
      }
    }
    return this.#walk(bytes, at)
  }

  finish(): undefined {
    this.lines = 1 + this.#breaks
    this.tail = 0
    this.endless = this.#state === QUOTED
    return undefined
  }

  #walk(bytes: Buffer, from: number): number {
    const delimiter = this.#delimiter
    const length = bytes.length
    let state = this.#state
    for (let at = from; at < length; at++) {
      const byte = bytes[at]!
      if (state === QUOTED) {
        if (byte === QUOTE) state = AFTER_QUOTE
        else if (byte === LF) this.#breaks++
      } else if (byte === LF) {
        return this.#end(bytes, from, at)
      } else if (byte === delimiter) {
        state = FIELD_START
      } else if (byte === QUOTE && state !== PLAIN) {
        state = QUOTED
      } else state = PLAIN
    }
    this.#state = state
    this.#last = bytes[length - 1]!
    return -1
  }

  /** The row ends with the LF at `at`; what was looked at in this call begins at `from`. */
  #end(bytes: Buffer, from: number, at: number): number {
    const before = at > from ? bytes[at - 1] : this.#last
    this.tail = before === CR ? 2 : 1
    this.lines = 1 + this.#breaks
    this.#state = FIELD_START
    this.#breaks = 0
    this.#last = 0
    this.#ended = true
    return at + 1
  }

  #nextQuote(bytes: Buffer, at: number): number {
    if (this.#searched !== bytes || this.#quote < at) {
      const found = bytes.indexOf(QUOTE, at)
      this.#quote = found < 0 ? bytes.length : found
      this.#searched = bytes
    }
    return this.#quote
  }

  #passBom(bytes: Buffer, from: number): number {
    for (let at = from; at < bytes.length; at++) {
      if (bytes[at] !== BOM[this.#bom]) {
        if (this.#bom > 0) {
          this.#state = PLAIN
          this.#last = BOM[this.#bom - 1]!
        }
        this.#bom = -1
        return at
      }
      this.#bom++
      if (this.#bom < BOM.length) continue
      this.#bom = -1
      this.head = BOM.length
      return at + 1
    }
    return bytes.length
  }
}
