import { badRecord, MAX_BAD_BYTES, type OnBad, type Place, type Problem } from './bad.ts'
import type { RecordBlock } from './block.ts'
import { Carry } from './carry.ts'
import type { Cutter } from './cutter.ts'
import { tooLong } from './long.ts'
import type { Chunk } from './source.ts'
import { excerpt } from './wording.ts'

export interface FramerOptions {
  /** The input's name, for blocks and errors. */
  readonly input: string
  readonly unit: 'line' | 'record'
  /** Whether records of no bytes are left out. */
  readonly skipEmpty: boolean
  /** A record longer than this, in bytes, is bad. */
  readonly maxRecordBytes: number
  /** No block has more records than this. */
  readonly maxRecords: number
  /** What happens at a record that is too long or cut off. */
  readonly onBad: OnBad
  /** Offset in the input of the first chunk, where a record begins; default 0. */
  readonly start?: number | undefined
}

interface Long {
  readonly place: Omit<Place, 'length'>
  readonly head: Buffer
  length: number
}

/**
 * Cuts chunks into blocks of records where a Cutter says, as LineFramer does at delimiters: which records
 * come out does not depend on where the chunks were cut.
 */
export class RecordFramer {
  readonly #options: FramerOptions
  readonly #cutter: Cutter
  readonly #ranges: Uint32Array
  readonly #lineOffsets: Uint32Array
  readonly #blanksBefore: Uint32Array
  readonly #carry = new Carry()
  /** The over-long record whose end is looked for. */
  #long: Long | undefined
  /** The line number of the record that comes next. */
  #line = 1
  /** Offset in the input of the bytes being scanned (or carried), which begin with a record. */
  #position: number
  /** The end of the last block given out. */
  #given: number
  /** Of the block being filled. */
  #count = 0
  #lines = 0
  #blank = 0

  constructor(cutter: Cutter, options: FramerOptions) {
    this.#cutter = cutter
    this.#options = options
    this.#position = options.start ?? 0
    this.#given = this.#position
    this.#ranges = new Uint32Array(2 * options.maxRecords)
    this.#lineOffsets = new Uint32Array(options.maxRecords)
    this.#blanksBefore = new Uint32Array(options.skipEmpty ? options.maxRecords : 0)
  }

  /** The blocks that this chunk completes; then throws BAD_RECORD where it is to stop. */
  *push({ memory, start }: Chunk): Generator<RecordBlock, void, undefined> {
    const content = memory.subarray(start)
    const carried = this.#carry.length
    if (this.#long !== undefined) {
      const end = this.#passLong(this.#long, content)
      if (end >= 0) yield* this.#scan(content.subarray(end), 0)
    } else if (carried === 0) {
      yield* this.#scan(content, 0)
    } else if (carried <= start) {
      // the usual case: the record that was cut through is completed in the room before the chunk
      const bytes = memory.subarray(start - carried)
      this.#carry.take().copy(bytes)
      yield* this.#scan(bytes, carried)
    } else {
      this.#carry.append(content)
      yield* this.#scan(this.#carry.bytes, carried)
    }
  }

  /** The last record, if nothing ends it; a block without records for bytes that no block has yet. */
  *end(): Generator<RecordBlock, void, undefined> {
    this.#begin()
    const problem = this.#cutter.finish()
    const { endless } = this.#cutter
    if (this.#long !== undefined) this.#endLong(this.#long, endless)
    else if (this.#carry.length > 0) {
      const bytes = this.#carry.take()
      const start = this.#cutter.head
      if (bytes.length - start > this.#options.maxRecordBytes) {
        const long = this.#startLong(bytes.subarray(start), this.#position + start)
        this.#position += bytes.length
        this.#endLong(long, endless)
      } else if (problem !== undefined) {
        this.#reject(bytes, problem)
        this.#position += bytes.length
      } else {
        if (bytes.length > start) this.#note(start, bytes.length, 1)
        yield { ...this.#block(bytes, 0, bytes.length), endless }
        this.#position += bytes.length
        this.#begin()
      }
    }
    if (this.#position > this.#given) yield this.#block(Buffer.alloc(0), 0, 0)
  }

  /** Frames bytes that begin with a record, of which those before `from` were looked at; the rest is carried. */
  *#scan(bytes: Buffer, from: number): Generator<RecordBlock, void, undefined> {
    const cutter = this.#cutter
    const { maxRecordBytes, maxRecords } = this.#options
    let cursor = 0
    let at = from
    let end = 0
    while (end >= 0) {
      const origin = cursor
      let long = false
      this.#begin()
      while (this.#count < maxRecords) {
        end = cutter.cut(bytes, at)
        if (end < 0) break
        const start = cursor + cutter.head
        const stop = end - cutter.tail
        long = stop - start > maxRecordBytes
        if (long) break
        this.#note(start - origin, stop - origin, cutter.lines)
        cursor = end
        at = end
      }
      if (cursor > origin) yield this.#block(bytes, origin, cursor)
      if (cutter.broken !== undefined) throw cutter.broken
      if (!long) continue
      const start = cursor + cutter.head
      const head = bytes.subarray(start, end - cutter.tail)
      this.#endLong(this.#startLong(head, this.#position + start))
      cursor = end
      at = end
    }
    this.#position += cursor
    if (cursor > 0 || this.#carry.length === 0) this.#carry.hold(bytes.subarray(cursor))
    this.#limitCarry()
  }

  #begin(): void {
    this.#count = 0
    this.#lines = 0
    this.#blank = 0
  }

  /** Notes one record, unless it is empty and such are left out. */
  #note(start: number, end: number, lines: number): void {
    const count = this.#count
    if (start === end && this.#options.skipEmpty) this.#blank++
    else {
      this.#ranges[2 * count] = start
      this.#ranges[2 * count + 1] = end
      this.#lineOffsets[count] = this.#lines
      if (this.#options.skipEmpty) this.#blanksBefore[count] = this.#blank
      this.#count++
    }
    this.#lines += lines
  }

  /** The block of what was noted, which consumed `bytes[origin, end)`. */
  #block(bytes: Buffer, origin: number, end: number): RecordBlock {
    const count = this.#count
    const { input, unit } = this.#options
    const block: RecordBlock = {
      input,
      bytes: bytes.subarray(origin, end),
      ranges: this.#ranges.slice(0, 2 * count),
      count,
      unit,
      firstLine: this.#line,
      lineOffsets: this.#lines === count ? undefined : this.#lineOffsets.slice(0, count),
      blank: this.#blank,
      blanksBefore: this.#blank === 0 ? undefined : this.#blanksBefore.slice(0, count),
      startByte: this.#position + origin,
      endByte: this.#position + end,
    }
    this.#line += this.#lines
    this.#given = block.endByte
    return block
  }

  /** Keeps the carry bounded: past the limit, the end of its record is only looked for. */
  #limitCarry(): void {
    const { maxRecordBytes } = this.#options
    if (this.#carry.length <= maxRecordBytes + UNDECIDED) return
    const bytes = this.#carry.take()
    const { head } = this.#cutter
    this.#long = this.#startLong(bytes.subarray(head), this.#position + head, false)
    this.#position += bytes.length
  }

  #startLong(bytes: Buffer, byte: number, whole = true): Long {
    const { input, unit, maxRecordBytes, onBad } = this.#options
    const head = Buffer.from(bytes.subarray(0, Math.min(maxRecordBytes, MAX_BAD_BYTES)))
    const long = { place: { input, unit, line: this.#line, byte }, head, length: bytes.length }
    if (onBad !== 'stop') return long
    throw tooLong({ ...long.place, length: long.length }, maxRecordBytes, head, whole).error
  }

  /** Where the long record ends in `content`, or -1: all of it belongs to the record. */
  #passLong(long: Long, content: Buffer): number {
    const end = this.#cutter.cut(content, 0)
    const passed = end < 0 ? content.length : end
    this.#position += passed
    long.length += passed - (end < 0 ? 0 : this.#cutter.tail)
    if (end >= 0) this.#endLong(long)
    return end
  }

  #endLong(long: Long, endless = false): void {
    const { onBad, maxRecordBytes } = this.#options
    this.#long = undefined
    this.#line += this.#cutter.lines
    if (onBad !== 'stop')
      onBad(tooLong({ ...long.place, length: long.length, endless }, maxRecordBytes, long.head, true))
  }

  #reject(bytes: Buffer, { what, hint }: Problem): void {
    const { input, unit, onBad } = this.#options
    const place = { input, unit, line: this.#line, byte: this.#position, length: bytes.length, endless: true }
    const kept = bytes.subarray(0, MAX_BAD_BYTES)
    const bad = badRecord(place, what, hint, kept, excerpt(kept, 0, kept.length))
    if (onBad === 'stop') throw bad.error
    onBad(bad)
  }
}

/** Framing that may stand around a record: a byte order mark or a prefix, CR and LF. */
const UNDECIDED = 16
