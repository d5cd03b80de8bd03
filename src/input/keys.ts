import { type Extracted, type OnBad, Sieve } from './bad.ts'
import type { RecordBlock } from './block.ts'
import { BytesColumn } from './column.ts'
import { escapeControls } from './wording.ts'

/**
 * Key and value of each record: what stands before its first delimiter, and all that follows it.
 * Nothing is copied. A key of zero bytes is a key; a record without the delimiter is bad.
 */
export function splitKeys(records: RecordBlock, delimiter: Buffer, onBad: OnBad): Extracted {
  const { bytes, ranges, count } = records
  const needle = delimiter.length === 1 ? delimiter[0]! : delimiter
  const sieve = new Sieve(records, onBad)
  const keys = new BytesColumn(bytes, count)
  const values = new BytesColumn(bytes, count)
  // A search may run past the end of its record; what it found is kept for the records that follow, so
  // that the bytes are searched once, even if no record has a delimiter.
  let found = -1
  for (let index = 0; index < count; index++) {
    const start = ranges[2 * index]!
    const end = ranges[2 * index + 1]!
    if (found < start) {
      found = bytes.indexOf(needle, start)
      if (found < 0) found = bytes.length
    }
    const value = found + delimiter.length
    if (value <= end) {
      keys.addSlice(start, found)
      values.addSlice(value, end)
    } else if (!sieve.reject(index, missing(delimiter))) break
  }
  const left = sieve.records()
  const block = { ...values.finish(), keys: keys.finish(), count: left.count, records: left }
  return { block, stopped: sieve.stopped }
}

function missing(delimiter: Buffer) {
  return {
    what: `has no key delimiter '${escapeControls(delimiter.toString())}'`,
    hint: 'Give the delimiter that stands between key and value, or none if the lines have no keys',
  }
}
