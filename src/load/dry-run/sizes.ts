import type { Header } from '../../types.ts'

/** librdkafka's allowance for the framing of a record, which it adds before it compares with message.max.bytes. */
const MOST_FRAMING = 36
/** Of a batch, in Kafka's format since 0.11. */
const BATCH_HEADER = 61

/** Bytes of keys, values and headers; -1 for a null. */
export interface RecordSize {
  readonly key: number
  readonly value: number
  /** How many headers, and their bytes with their lengths. */
  readonly headers: number
  readonly headerBytes: number
}

/** What librdkafka compares with message.max.bytes. */
export function clientSize({ key, value, headerBytes }: RecordSize): number {
  return MOST_FRAMING + Math.max(0, key) + Math.max(0, value) + headerBytes
}

/** What a broker compares with max.message.bytes: a batch of this record alone, not compressed. */
export function batchSize({ key, value, headers, headerBytes }: RecordSize): number {
  // attributes, and differences of time and offset, which are 0
  const body = 3 + field(key) + field(value) + varint(headers) + headerBytes
  return BATCH_HEADER + varint(body) + body
}

/** Of a header in a record. */
export function headerSize([name, value]: Header): number {
  return field(Buffer.byteLength(name)) + field(lengthOf(value))
}

function lengthOf(value: Header[1]): number {
  if (value === null) return -1
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length
}

function field(length: number): number {
  return varint(length) + Math.max(0, length)
}

/** Bytes of a zigzag varint, as Kafka writes lengths. */
function varint(value: number): number {
  const zigzag = value < 0 ? -2 * value - 1 : 2 * value
  let bytes = 1
  for (let rest = zigzag; rest >= 128; rest = Math.floor(rest / 128)) bytes++
  return bytes
}

/** How many records are of which size, in octaves. */
export class SizeHistogram {
  /** By the exponent of 2 that is the least power not below. */
  readonly #counts: number[] = []
  #sum = 0
  #records = 0
  #least = Number.POSITIVE_INFINITY
  #most = 0

  add(size: number): void {
    const octave = size <= 1 ? size : 33 - Math.clz32(size - 1)
    this.#counts[octave] = (this.#counts[octave] ?? 0) + 1
    this.#sum += size
    this.#records++
    if (size < this.#least) this.#least = size
    if (size > this.#most) this.#most = size
  }

  get bytes(): number {
    return this.#sum
  }

  /** Null of nothing. */
  get range(): { readonly least: number; readonly mean: number; readonly most: number } | null {
    if (this.#records === 0) return null
    return { least: this.#least, mean: this.#sum / this.#records, most: this.#most }
  }

  /** From the first octave that has records to the last: those of at most `upTo` bytes that are in none before. */
  get octaves(): { readonly upTo: number; readonly records: number }[] {
    const all = Array.from(this.#counts, (records = 0, octave) => ({
      upTo: octave <= 1 ? octave : 2 ** (octave - 1),
      records,
    }))
    return all.slice(all.findIndex(({ records }) => records > 0))
  }
}
