import { isUtf8 } from 'node:buffer'
import type { Problem } from './bad.ts'
import type { FieldName, FieldReader } from './extract.ts'
import { FieldFinder, type FieldPath, parseFieldPath } from './fields.ts'
import { canonicalText, NoText, numberText, unescapeString } from './json-text.ts'
import type { Piece } from './piece.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Finds fields in records that are JSON values. */
export class JsonReader implements FieldReader {
  readonly #paths: readonly FieldPath[]
  /** One a path; the first has checked the whole record, the others need not. */
  readonly #finders: readonly FieldFinder[]
  #bytes: Buffer = Buffer.alloc(0)
  #start = 0
  #end = 0
  #first: 'found' | 'missing' = 'missing'

  constructor(paths: readonly string[]) {
    this.#paths = paths.map(parseFieldPath)
    this.#finders =
      paths.length === 0 ? [new FieldFinder(undefined)] : this.#paths.map(path => new FieldFinder(path))
  }

  open(bytes: Buffer, start: number, end: number): Problem | undefined {
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
