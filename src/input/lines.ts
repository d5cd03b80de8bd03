import type { OnBad } from './bad.ts'
import type { RecordBlock } from './block.ts'
import { Carry } from './carry.ts'
import { endOfDelimiter } from './delimiter.ts'
import { LongRecord } from './long.ts'
import type { Chunk } from './source.ts'

const SPACE = 0x20
const TAB = 0x09
const LF = 0x0a
const CR = 0x0d
const BOM_LENGTH = 3

/** Where framers note a block's records before they are copied out; no two do so at a time. */
let notes = { ranges: new Uint32Array(0), lineOffsets: new Uint32Array(0) }

/** There may be thousands of small inputs, for each of which this would take longer than framing it. */
function notesFor(records: number): typeof notes {
  if (notes.lineOffsets.length < records)
    notes = { ranges: new Uint32Array(2 * records), lineOffsets: new Uint32Array(records) }
  return notes
}

export interface LineOptions {
  /** The input's name, for blocks and errors. */
  readonly input: string
  /** Exactly these bytes end a record. Absent: LF, and a CR before it is not part of the record. */
  readonly delimiter?: Uint8Array | undefined
  /** Which lines are left out as blank: those of no bytes, or of JSON's white space only. */
  readonly blank: 'keep' | 'skip-empty' | 'skip-whitespace'
  /** A record longer than this, in bytes, is bad. */
  readonly maxRecordBytes: number
  /** No block has more records than this. */
  readonly maxRecords: number
  /** What happens at an over-long record; a function is told as soon as its end is found. */
  readonly onBad: OnBad
  /** Offset in the input of the first chunk, where a record begins; default 0. */
  readonly start?: number | undefined
}

/**
 * Cuts chunks into blocks of records. Which records come out does not depend on where the chunks
 * were cut. A final delimiter makes no extra record; a last record without one counts; a UTF-8 byte
 * order mark at the very start belongs to no record. All other bytes stay as they are.
 */
export class LineFramer {
  readonly #options: LineOptions
  readonly #delimiter: Buffer
  // searching for a number takes 22 ns a line of 90 bytes, a loop of our own 100
  readonly #needle: number | Buffer
  readonly #stripCr: boolean
  readonly #ranges: Uint32Array
  readonly #lineOffsets: Uint32Array
  readonly #carry = new Carry()
  /** The over-long record whose end is looked for. */
  #long: LongRecord | undefined
  /** The line number of the record that comes next. */
  #line = 1
  /** Offset in the input of the bytes being scanned (or carried), which begin with a record. */
  #position: number
  /** The end of the last block given out. */
  #given: number
  /** In the bytes being scanned: the start of the record that comes next, and its delimiter (-1: none). */
  #cursor = 0
  #next = -1
  /** Records and lines of the block being filled. */
  #count = 0
  #lines = 0

  constructor(options: LineOptions) {
    this.#options = options
    this.#position = options.start ?? 0
    this.#given = this.#position
    this.#stripCr = options.delimiter === undefined
    this.#delimiter = Buffer.from(options.delimiter ?? [LF])
    this.#needle = this.#delimiter.length === 1 ? this.#delimiter[0]! : this.#delimiter
    const { ranges, lineOffsets } = notesFor(options.maxRecords)
    this.#ranges = ranges
    this.#lineOffsets = lineOffsets
  }

  /** The blocks that this chunk completes; then throws BAD_RECORD where it is to stop. */
  *push({ memory, start }: Chunk): Generator<RecordBlock, void, undefined> {
    let content = memory.subarray(start)
    if (this.#long !== undefined) {
      const end = this.#long.skip(content)
      this.#position += end < 0 ? content.length : end
      if (end < 0) return
      this.#endLong(this.#long)
      content = content.subarray(end)
    }
    const carried = this.#carry.length
    const overlap = Math.min(carried, this.#delimiter.length - 1)
    if (carried === 0) {
      yield* this.#scan(content, 0)
      return
    }
    if (carried <= start) {
      // the usual case: the record that was cut through is completed in the room before the chunk
      const bytes = memory.subarray(start - carried)
      this.#carry.take().copy(bytes)
      yield* this.#scan(bytes, carried - overlap)
      return
    }
    const end = endOfDelimiter(this.#carry.tail(overlap), content, this.#delimiter)
    if (end < 0) {
      this.#carry.append(content)
      this.#limitCarry()
    } else if (carried <= content.length) {
      yield* this.#scan(Buffer.concat([this.#carry.take(), content]), carried - overlap)
    } else {
      // a long record is a block of its own, so that what follows need not be copied with it
      this.#carry.append(content.subarray(0, end))
      const bytes = this.#carry.take()
      yield* this.#scan(bytes, bytes.length - this.#delimiter.length)
      yield* this.#scan(content.subarray(end), 0)
    }
  }

  /** The last record, if no delimiter ends it; a block without records for bytes that no block has yet. */
  *end(): Generator<RecordBlock, void, undefined> {
    if (this.#long !== undefined) this.#endLong(this.#long)
    const bytes = this.#carry.take()
    const end = bytes.length
    this.#cursor = 0
    this.#count = 0
    this.#lines = 0
    const start = this.#bomLength(bytes, end)
    if (end - start > this.#options.maxRecordBytes) {
      this.#endLong(this.#startLong(start, bytes.subarray(start), true))
    } else if (end > 0) {
      if (end > start) this.#note(bytes, 0, start, end)
      yield this.#block(bytes, 0, end)
    }
    this.#position += end
    this.#count = 0
    this.#lines = 0
    if (this.#position > this.#given) yield this.#block(Buffer.alloc(0), 0, 0)
  }

  /** Frames bytes that begin with a record, looking for delimiters from `from` on; the rest is carried. */
  *#scan(bytes: Buffer, from: number): Generator<RecordBlock, void, undefined> {
    this.#cursor = 0
    this.#next = bytes.indexOf(this.#needle, from)
    while (this.#next >= 0) {
      const origin = this.#cursor
      const tooLong = this.#fill(bytes)
      if (this.#cursor > origin) yield this.#block(bytes, origin, this.#cursor)
      if (tooLong) this.#passLong(bytes)
    }
    this.#position += this.#cursor
    this.#carry.hold(bytes.subarray(this.#cursor))
    this.#limitCarry()
  }

  /** Notes the records of one block: the hot loop. True where it met a record that is too long. */
  #fill(bytes: Buffer): boolean {
    const { maxRecordBytes, maxRecords, blank } = this.#options
    const needle = this.#needle
    const size = this.#delimiter.length
    const stripCr = this.#stripCr
    const ranges = this.#ranges
    const origin = this.#cursor
    let cursor = origin
    let next = this.#next
    let start = cursor + this.#bomLength(bytes, next)
    let tooLong = false
    this.#count = 0
    this.#lines = 0
    let count = 0
    while (next >= 0 && count < maxRecords) {
      let end = next
      if (stripCr && end > start && bytes[end - 1] === CR) end--
      if (end - start > maxRecordBytes) {
        tooLong = true
        break
      }
      if (blank === 'keep') {
        ranges[2 * count] = start - origin
        ranges[2 * count + 1] = end - origin
        count++
      } else {
        this.#note(bytes, origin, start, end)
        count = this.#count
      }
      cursor = next + size
      start = cursor
      next = bytes.indexOf(needle, cursor)
    }
    if (blank === 'keep') {
      this.#count = count
      this.#lines = count
    }
    this.#cursor = cursor
    this.#next = next
    return tooLong
  }

  /** Notes one line of the block that begins at `origin`, unless it is blank and those are left out. */
  #note(bytes: Buffer, origin: number, start: number, end: number): void {
    if (!this.#isBlank(bytes, start, end)) {
      this.#ranges[2 * this.#count] = start - origin
      this.#ranges[2 * this.#count + 1] = end - origin
      this.#lineOffsets[this.#count] = this.#lines
      this.#count++
    }
    this.#lines++
  }

  #isBlank(bytes: Buffer, start: number, end: number): boolean {
    if (this.#options.blank === 'keep') return false
    if (start === end || this.#options.blank === 'skip-empty') return start === end
    for (let at = start; at < end; at++) {
      const byte = bytes[at]!
      if (byte !== SPACE && byte !== TAB && byte !== LF && byte !== CR) return false
    }
    return true
  }

  /** The block of what was noted, which consumed `bytes[origin, end)`. */
  #block(bytes: Buffer, origin: number, end: number): RecordBlock {
    const count = this.#count
    const blank = this.#lines - count
    const lineOffsets = blank === 0 ? undefined : this.#lineOffsets.slice(0, count)
    const block: RecordBlock = {
      input: this.#options.input,
      bytes: bytes.subarray(origin, end),
      ranges: this.#ranges.slice(0, 2 * count),
      count,
      firstLine: this.#line,
      lineOffsets,
      blank,
      blanksBefore: lineOffsets?.map((offset, index) => offset - index),
      startByte: this.#position + origin,
      endByte: this.#position + end,
    }
    this.#line += this.#lines
    this.#given = block.endByte
    return block
  }

  /** The length of the byte order mark, if the record that ends at `end` begins the input with one. */
  #bomLength(bytes: Buffer, end: number): number {
    const first = this.#position === 0 && this.#cursor === 0 && end >= BOM_LENGTH
    return first && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? BOM_LENGTH : 0
  }

  /** Leaves out a record whose delimiter, at #next, is known. */
  #passLong(bytes: Buffer): void {
    const start = this.#cursor + this.#bomLength(bytes, this.#next)
    const end = this.#stripCr && bytes[this.#next - 1] === CR ? this.#next - 1 : this.#next
    this.#endLong(this.#startLong(start, bytes.subarray(start, end), true))
    this.#cursor = this.#next + this.#delimiter.length
    this.#next = bytes.indexOf(this.#needle, this.#cursor)
  }

  /** Keeps the carry bounded: past the limit (whatever of it may yet be no record's) its end is only looked for. */
  #limitCarry(): void {
    const undecided = BOM_LENGTH + Math.max(1, this.#delimiter.length - 1)
    if (this.#carry.length <= this.#options.maxRecordBytes + undecided) return
    this.#cursor = 0
    const bytes = this.#carry.take()
    const start = this.#bomLength(bytes, bytes.length)
    this.#long = this.#startLong(start, bytes.subarray(start), false)
    this.#position += bytes.length
  }

  #startLong(start: number, bytes: Buffer, whole: boolean): LongRecord {
    const { input, maxRecordBytes, onBad } = this.#options
    const framing = { input, maxRecordBytes, delimiter: this.#delimiter, stripCr: this.#stripCr }
    const long = new LongRecord(framing, this.#line, this.#position + start, bytes)
    if (onBad === 'stop') throw long.bad(whole).error
    return long
  }

  #endLong(long: LongRecord): void {
    this.#long = undefined
    this.#line++
    const { onBad } = this.#options
    if (onBad !== 'stop') onBad(long.bad(true))
  }
}
