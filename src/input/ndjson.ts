import { isUtf8 } from 'node:buffer'
import { NO_BYTES } from '../types.ts'
import type { Problem } from './bad.ts'
import type { RecordBlock } from './block.ts'
import type { FieldName, FieldReader } from './extract.ts'
import { FieldFinder, type FieldPath, parseFieldPath } from './fields.ts'
import { type BlockFinder, LOOK } from './json-fields.ts'
import { canonicalText, NoText, numberText, unescapeString } from './json-text.ts'
import type { Piece } from './piece.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Finds fields in records that are JSON values: those of plain records with the rest of their block, if it can be done. */
export class JsonReader implements FieldReader {
  readonly #blocks: BlockFinder | undefined
  readonly #paths: readonly FieldPath[]
  /** One a path; the first has checked the whole record, the others need not. */
  readonly #finders: readonly FieldFinder[]
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #first: 'found' | 'missing' = 'missing'

  /** What the block has by path, none where nobody looks at blocks; and where in it the record is that is open, or -1. */
  #found: readonly Uint32Array[] = []
  #at = -1

  constructor(paths: readonly string[], blocks: BlockFinder | undefined) {
    this.#blocks = blocks
    this.#paths = paths.map(parseFieldPath)
    this.#finders =
      paths.length === 0 ? [new FieldFinder(undefined)] : this.#paths.map(path => new FieldFinder(path))
  }

  begin(records: RecordBlock): readonly Uint32Array[] | undefined {
    if (this.#blocks === undefined) return undefined
    const { ranges, left } = this.#blocks.find(records)
    this.#found = ranges
    return left === 0 ? ranges : undefined
  }

  open(bytes: Buffer, start: number, end: number, index: number): Problem | undefined {
    const first = this.#found[0]?.[2 * index] ?? LOOK
    this.#at = first === LOOK ? -1 : 2 * index
    if (this.#at >= 0) return undefined
    const finder = this.#finders[0]!
    const found = finder.find(bytes, start, end)
    if (found === 'fault') return notJson(finder, bytes, start, end)
    this.#first = found
    this.#bytes = bytes
    this.#start = start
    this.#end = end
    return undefined
  }

  /**
   * A string is its UTF-8 bytes, null is null. As a value any other is its JSON as it stands; for all else a
   * number is as `numberText` has it, an object or array as canonical JSON. Bad are records that lack the field,
   * or have in it what no text can stand for.
   */
  read(path: number, name: FieldName, piece: Piece): Problem | undefined {
    if (this.#at >= 0) {
      this.#take(path, piece)
      return undefined
    }
    const finder = this.#finders[path]!
    const found = path === 0 ? this.#first : finder.find(this.#bytes, this.#start, this.#end)
    const { text } = this.#paths[path]!
    if (found !== 'found') return missing(text)
    try {
      setText(piece, this.#bytes, finder.start, finder.end, name === 'value')
      return undefined
    } catch (error) {
      if (!(error instanceof NoText)) throw error
      return {
        what: `has a field ${text} that cannot be a ${name}: it ${error.message}`,
        hint: 'Correct the record or name another field',
        at: finder.start,
      }
    }
  }

  #take(path: number, piece: Piece): void {
    const ranges = this.#found[path]!
    const start = ranges[this.#at]!
    if (start === NO_BYTES) piece.setOwn(null)
    else piece.setSlice(start, ranges[this.#at + 1]!)
  }
}

function notJson(finder: FieldFinder, bytes: Buffer, start: number, end: number): Problem {
  if (bytes.toString('latin1', start, end).trim() === '') {
    return {
      what: 'is blank, and so no JSON',
      hint: 'Skip blank lines (skipBlank, --skip-blank) if they mean nothing',
    }
  }
  return {
    what: `is not JSON: ${finder.fault} after ${finder.faultAt - start} bytes`,
    hint: 'In ndjson each line is one JSON value; read the input as lines if it is something else',
    at: finder.faultAt,
  }
}

function missing(path: string): Problem {
  return {
    what: `has no field ${path}`,
    hint: 'Name a field that every record has; names inside one another are joined by dots',
  }
}

function setText(piece: Piece, bytes: Buffer, start: number, end: number, asItStands: boolean): void {
  switch (bytes[start]) {
    case QUOTE:
      if (!hasEscape(bytes, start, end)) piece.setSlice(start + 1, end - 1)
      else piece.setOwn(unescapeString(bytes.subarray(start + 1, end - 1)))
      return
    case 0x6e: // null
      piece.setOwn(null)
      return
    case 0x74: // true
    case 0x66: // false
      piece.setSlice(start, end)
      return
    case 0x7b: // {
    case 0x5b: // [
      if (asItStands) piece.setSlice(start, end)
      else piece.setOwn(Buffer.from(compositeText(bytes.subarray(start, end))))
      return
    default:
      if (asItStands || isPlainInteger(bytes, start, end)) piece.setSlice(start, end)
      else piece.setOwn(Buffer.from(numberText(bytes.toString('latin1', start, end))))
  }
}

function compositeText(source: Buffer): string {
  if (!isUtf8(source)) throw new NoText('holds a string that is not valid UTF-8')
  return canonicalText(source.toString())
}

function hasEscape(bytes: Buffer, start: number, end: number): boolean {
  for (let at = start; at < end; at++) {
    if (bytes[at] === BACKSLASH) return true
  }
  return false
}

/** Digits only, but not -0: numberText leaves it as it stands. */
function isPlainInteger(bytes: Buffer, start: number, end: number): boolean {
  const first = bytes[start] === 0x2d ? start + 1 : start
  if (first > start && bytes[first] === 0x30) return false
  for (let at = first; at < end; at++) {
    const byte = bytes[at]!
    if (byte < 0x30 || byte > 0x39) return false
  }
  return true
}
