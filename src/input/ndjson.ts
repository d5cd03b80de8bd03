import { isUtf8 } from 'node:buffer'
import { type Extracted, type OnBad, type Problem, Sieve } from './bad.ts'
import type { RecordBlock } from './block.ts'
import { BytesColumn } from './column.ts'
import { FieldFinder, type FieldPath } from './fields.ts'
import { canonicalText, NoText, numberText, unescapeString } from './json-text.ts'

const QUOTE = 0x22
const BACKSLASH = 0x5c

/** Makes messages of records that are JSON values; the value is the record as it stands. */
export class NdjsonExtractor {
  readonly #keyPath: FieldPath | undefined
  readonly #finder: FieldFinder

  constructor(keyPath: FieldPath | undefined) {
    this.#keyPath = keyPath
    this.#finder = new FieldFinder(keyPath)
  }

  /**
   * The key is the field's value: a string's UTF-8 bytes, a number as `numberText` has it, `true` or
   * `false`, an object or array as canonical JSON; null is no key. Bad are records that are not JSON,
   * lack the field, or have in it what no text can stand for.
   */
  extract(records: RecordBlock, onBad: OnBad): Extracted {
    const { bytes, ranges, count } = records
    const finder = this.#finder
    const path = this.#keyPath
    const sieve = new Sieve(records, onBad)
    const keys = path === undefined ? undefined : new BytesColumn(bytes, count)
    for (let index = 0; index < count; index++) {
      const start = ranges[2 * index]!
      const found = finder.find(bytes, start, ranges[2 * index + 1]!)
      let problem: Problem | undefined
      if (found === 'fault') problem = notJson(finder, bytes, start, ranges[2 * index + 1]!)
      else if (found === 'missing') problem = missing(path?.text ?? '')
      else if (keys !== undefined) problem = addKey(keys, bytes, finder, path?.text ?? '')
      if (problem !== undefined && !sieve.reject(index, problem)) break
    }
    const left = sieve.records()
    const block = { bytes, ranges: left.ranges, keys: keys?.finish(), count: left.count, records: left }
    return { block, stopped: sieve.stopped }
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

function addKey(keys: BytesColumn, bytes: Buffer, finder: FieldFinder, path: string): Problem | undefined {
  try {
    addText(keys, bytes, finder.start, finder.end)
    return undefined
  } catch (error) {
    if (!(error instanceof NoText)) throw error
    return {
      what: `has a field ${path} that cannot be a key: it ${error.message}`,
      hint: 'Correct the record or name another field',
      at: finder.start,
    }
  }
}

function addText(keys: BytesColumn, bytes: Buffer, start: number, end: number): void {
  switch (bytes[start]) {
    case QUOTE:
      if (!hasEscape(bytes, start, end)) keys.addSlice(start + 1, end - 1)
      else keys.addBytes(unescapeString(bytes.subarray(start + 1, end - 1)))
      return
    case 0x6e: // null
      keys.addNull()
      return
    case 0x74: // true
    case 0x66: // false
      keys.addSlice(start, end)
      return
    case 0x7b: // {
    case 0x5b: // [
      keys.addBytes(Buffer.from(compositeText(bytes.subarray(start, end))))
      return
    default:
      if (isPlainInteger(bytes, start, end)) keys.addSlice(start, end)
      else keys.addBytes(Buffer.from(numberText(bytes.toString('latin1', start, end))))
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
