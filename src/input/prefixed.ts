import type { Problem } from './bad.ts'
import type { Cutter } from './cutter.ts'
import { brokenError } from './unreadable.ts'
import { bytesInWords } from './wording.ts'

/** How the length before a record is written: four bytes, the most significant first, or as protobuf's varints. */
export const lengthPrefixes = ['u32', 'varint'] as const

export type LengthPrefix = (typeof lengthPrefixes)[number]

const U32_BYTES = 4
/** 35 bits: more than any record may have. */
const MAX_VARINT_BYTES = 5

/** Cuts records that have their length, in bytes, before them. */
export class PrefixCutter implements Cutter {
  readonly tail = 0
  readonly lines = 1
  readonly endless = true
  head = 0
  broken: Error | undefined
  readonly #input: string
  readonly #varint: boolean
  /** Of the prefix: the bytes seen, and the length so far. */
  #seen = 0
  #length = 0
  /** Of the record: the bytes still to come; -1 while its length is not known. */
  #left = -1
  /** Offset in the input of the byte that comes next. */
  #position: number

  /** `start`: the offset in the input of the first bytes. */
  constructor(input: string, prefix: LengthPrefix, start = 0) {
    this.#input = input
    this.#position = start
    this.#varint = prefix === 'varint'
  }

  cut(bytes: Buffer, from: number): number {
    let at = from
    if (this.#left < 0) {
      at = this.#varint ? this.#readVarint(bytes, from) : this.#readU32(bytes, from)
      this.#position += at - from
    }
    if (this.#left < 0) return -1
    const here = bytes.length - at
    if (here < this.#left) {
      this.#left -= here
      this.#position += here
      return -1
    }
    const end = at + this.#left
    this.#position += this.#left
    this.#left = -1
    return end
  }

  finish(): Problem {
    const prefix = this.#left < 0
    const what = prefix
      ? 'is cut off: the input ends inside the length before it'
      : `is cut off: ${bytesInWords(this.#length)} were announced, and the input ends ${bytesInWords(this.#left)} short`
    this.head = 0
    return {
      what,
      hint: 'See whether the input is whole, and whether its lengths are written as was said (prefix, --prefix)',
    }
  }

  /** After the prefix, or as far as the bytes go. */
  #readU32(bytes: Buffer, from: number): number {
    const whole = this.#seen === 0 && bytes.length - from >= U32_BYTES
    if (whole) {
      this.#known(bytes.readUInt32BE(from), U32_BYTES)
      return from + U32_BYTES
    }
    let at = from
    while (at < bytes.length && this.#seen < U32_BYTES) {
      this.#length = (this.#seen === 0 ? 0 : this.#length * 256) + bytes[at++]!
      this.#seen++
    }
    if (this.#seen === U32_BYTES) this.#known(this.#length, U32_BYTES)
    return at
  }

  #readVarint(bytes: Buffer, from: number): number {
    let at = from
    while (at < bytes.length) {
      const byte = bytes[at++]!
      if (this.#seen === 0) this.#length = 0
      this.#length += (byte & 0x7f) * 2 ** (7 * this.#seen)
      this.#seen++
      if (byte < 0x80) {
        this.#known(this.#length, this.#seen)
        return at
      }
      if (this.#seen < MAX_VARINT_BYTES) continue
      this.broken = this.#noVarint(at - from)
      return at
    }
    return at
  }

  #known(length: number, head: number): void {
    this.#length = length
    this.#left = length
    this.head = head
    this.#seen = 0
  }

  /** Nobody can know where the next record begins, so there is no going on without this one. */
  #noVarint(read: number): Error {
    const reason = `no length of at most ${MAX_VARINT_BYTES} bytes stands there`
    const hint =
      'See whether the input is whole, and whether its lengths are written as was said (prefix, --prefix)'
    return brokenError({ input: this.#input, reason, hint }, this.#position + read - MAX_VARINT_BYTES)
  }
}
