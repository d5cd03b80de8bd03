import { type BadRecord, badRecord, MAX_BAD_BYTES, type Place } from './bad.ts'
import { endOfDelimiter } from './delimiter.ts'
import { bytesInWords, excerpt } from './wording.ts'

const CR = 0x0d

interface Framing {
  readonly input: string
  readonly delimiter: Buffer
  readonly stripCr: boolean
  readonly maxRecordBytes: number
}

/** A record beyond the limit: looks for its end without keeping more of it than its head. */
export class LongRecord {
  readonly #framing: Framing
  readonly #line: number
  readonly #byte: number
  readonly #head: Buffer
  /** As many of the last bytes as may begin a delimiter, or be the CR before LF. */
  #tail: Buffer
  #length: number

  /** `bytes` is what has been read of it, more than the limit; no delimiter is in there. */
  constructor(framing: Framing, line: number, byte: number, bytes: Buffer) {
    this.#framing = framing
    this.#line = line
    this.#byte = byte
    this.#head = Buffer.from(bytes.subarray(0, Math.min(framing.maxRecordBytes, MAX_BAD_BYTES)))
    this.#tail = this.#lastOf(bytes)
    this.#length = bytes.length
  }

  #lastOf(bytes: Buffer): Buffer {
    return Buffer.from(
      bytes.subarray(Math.max(0, bytes.length - Math.max(1, this.#framing.delimiter.length - 1))),
    )
  }

  /** Where in `content` the record's delimiter ends; -1: not there, all of it belongs to the record. */
  skip(content: Buffer): number {
    const { delimiter, stripCr } = this.#framing
    const end = endOfDelimiter(this.#tail, content, delimiter)
    if (end < 0) {
      this.#length += content.length
      this.#tail = this.#lastOf(Buffer.concat([this.#tail, this.#lastOf(content)]))
      return -1
    }
    const own = end - delimiter.length
    this.#length += own
    if (stripCr && (own > 0 ? content[own - 1] : this.#tail.at(-1)) === CR) this.#length--
    return end
  }

  /** What is known of it by now. */
  bad(whole: boolean): BadRecord {
    const { input, maxRecordBytes } = this.#framing
    const place = { input, line: this.#line, byte: this.#byte, length: this.#length }
    return tooLong(place, maxRecordBytes, this.#head, whole)
  }
}

/** A record beyond the limit, of which `head` was kept; `whole`: all of its length is known. */
export function tooLong(place: Place, limit: number, head: Buffer, whole: boolean): BadRecord {
  const size = `${whole ? '' : 'at least '}${bytesInWords(place.length)}`
  return badRecord(
    place,
    `is longer than the limit of ${bytesInWords(limit)}, with ${size}`,
    'See whether the input has the format and delimiter it is read with; Kafka itself takes no message beyond 1,000,000,000 bytes',
    head,
    excerpt(head, 0, head.length),
  )
}
