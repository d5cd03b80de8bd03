import { crc32 } from 'node:zlib'
import { MillraceError } from '../errors.ts'
import { Histogram } from './histogram.ts'
import { BUCKETS, LAYOUT } from './layout.ts'

// A histogram as text: `millrace.histogram/1:ns.9.53:` and base64url of
//   for each bucket from the first to the last that is not empty: its count, or 0 and how many empty ones follow
//   one another; unsigned LEB128 (seven bits a byte, the lowest first)
//   CRC-32 of that, four bytes, little-endian
// A histogram has one such text, and `decode` takes no other.

const SCHEMA = 'millrace.histogram/1'
const CHECKSUM_BYTES = 4
const TEXT = /^(millrace\.histogram\/\d+):([a-z0-9.]+):([A-Za-z0-9_-]*)$/

/** Text without quotes, spaces or escapes, for JSON and command lines; 1 to 10 KB for usual latencies. */
export function encode(histogram: Histogram): string {
  const bytes: number[] = []
  let next = 0
  for (const { bucket, count } of histogram.buckets()) {
    if (bucket > next) {
      bytes.push(0)
      pushVarint(bytes, bucket - next)
    }
    pushVarint(bytes, count)
    next = bucket + 1
  }
  const counts = Buffer.from(bytes)
  const checksum = Buffer.alloc(CHECKSUM_BYTES)
  checksum.writeUInt32LE(crc32(counts))
  return `${SCHEMA}:${LAYOUT}:${Buffer.concat([counts, checksum]).toString('base64url')}`
}

/**
 * @throws MillraceError HISTOGRAM_LAYOUT for a histogram of another version or with other buckets,
 * HISTOGRAM_UNREADABLE for any other text that `encode` would not write
 */
export function decode(text: string): Histogram {
  const [, schema, layout, payload = ''] = TEXT.exec(text) ?? []
  if (schema === undefined) throw unreadable('it does not begin as one')
  if (schema !== SCHEMA || layout !== LAYOUT)
    throw new MillraceError('HISTOGRAM_LAYOUT', `A histogram ${schema} with ${layout} cannot be read here`, {
      hint: `This version of millrace reads ${SCHEMA} with ${LAYOUT}`,
      context: { schema, layout },
    })
  const bytes = Buffer.from(payload, 'base64url')
  if (bytes.length < CHECKSUM_BYTES) throw unreadable('it is cut off')
  const encoded = bytes.subarray(0, -CHECKSUM_BYTES)
  if (crc32(encoded) !== bytes.readUInt32LE(encoded.length)) throw unreadable('its checksum does not match')
  const histogram = new Histogram()
  histogram.add(readCounts(encoded))
  // longer ways to write the same numbers, and bits that base64 leaves over
  if (encode(histogram) !== text) throw unreadable('it is not written the usual way')
  return histogram
}

function readCounts(bytes: Buffer): Float64Array {
  const counts = new Float64Array(BUCKETS)
  const cursor = { bytes, at: 0 }
  let total = 0
  let bucket = 0
  while (cursor.at < bytes.length) {
    const count = readVarint(cursor)
    if (count === 0) {
      bucket += readVarint(cursor)
      continue
    }
    if (bucket >= BUCKETS) throw unreadable('it has too many buckets')
    counts[bucket++] = count
    total += count
    if (!Number.isSafeInteger(total)) throw unreadable('it counts beyond 2^53')
  }
  return counts
}

function pushVarint(bytes: number[], value: number): void {
  // no bit operations: counts may be beyond 32 bits
  let rest = value
  while (rest > 127) {
    bytes.push(128 + (rest % 128))
    rest = Math.floor(rest / 128)
  }
  bytes.push(rest)
}

function readVarint(cursor: { readonly bytes: Buffer; at: number }): number {
  let value = 0
  for (let scale = 1; scale < 2 ** 53; scale *= 128) {
    const byte = cursor.bytes[cursor.at++]
    if (byte === undefined) throw unreadable('a number in it is cut off')
    value += (byte % 128) * scale
    if (byte < 128) return value
  }
  throw unreadable('a number in it is too large')
}

function unreadable(why: string): MillraceError {
  return new MillraceError('HISTOGRAM_UNREADABLE', `This is no histogram: ${why}`)
}
