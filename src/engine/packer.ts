import { MillraceError } from '../errors.ts'
import type { Bytes, Header, Message } from '../types.ts'
import type { PackedMessage } from './binding.ts'
import {
  checkMessage,
  checkPartition,
  checkTimestamp,
  checkTopic,
  encode,
  encodeValue,
  headerList,
  invalidHeaders,
  wellFormed,
} from './message.ts'

/** int32 numbers a message, as src/native/bind_offers.cc reads them. */
export const FIELDS = 11
const TOPIC = 0
export const PARTITION = 1
export const KEY_AT = 2
const KEY_SIZE = 3
export const VALUE_AT = 4
const VALUE_SIZE = 5
export const HEADERS_AT = 6
const HEADERS_SIZE = 7
const TIME_LOW = 8
const TIME_HIGH = 9
const ID = 10

/** The size of null. */
const NONE = -1
/** A UTF-16 unit is at most three bytes of UTF-8. */
const MOST_PER_UNIT = 3
/** Little, since each producer has three packers, which a program that makes many one after the other leaves behind as garbage. */
const FIRST_ARENA = 4 * 1024
const FIRST_MESSAGES = 16
/** With so many bytes it is time to cross. */
const FULL = 256 * 1024
const MOST_KEPT = 4 * FULL

/**
 * Messages as the addon takes them: their bytes one after the other in an arena, and eleven numbers each.
 * One packer serves all calls of an engine; what was packed is used up within the call that packed it.
 */
export class Packer {
  arena = Buffer.allocUnsafeSlow(FIRST_ARENA)
  fields: Int32Array
  readonly capacity: number
  count = 0
  /** Of the message that was added last. */
  lastTopic = ''
  #at = 0
  /** Grows whenever something is packed, or taken. */
  #turn = 0
  readonly #topicNumber: (name: string) => number

  constructor(capacity: number, topicNumber: (name: string) => number) {
    this.capacity = capacity
    this.fields = new Int32Array(Math.min(capacity, FIRST_MESSAGES) * FIELDS)
    this.#topicNumber = topicNumber
  }

  reset(): void {
    this.#turn++
    this.count = 0
    this.#at = 0
    // one large message is not to be paid for ever after
    if (this.arena.byteLength > MOST_KEPT) this.arena = Buffer.allocUnsafeSlow(FULL)
  }

  /** Whether another message is better packed after these were taken. */
  get full(): boolean {
    return this.count === this.capacity || this.#at > FULL
  }

  /**
   * Adds a message; returns the bytes of key, value and headers.
   * @throws MillraceError INVALID_MESSAGE; then nothing was added
   */
  add(message: Message, id: number): number {
    checkMessage(message)
    // what runs code of the user's (getters, iterators) comes first: it may send, or have what was packed cross
    const { topic, key, value, headers } = message
    checkTopic(topic)
    const partition = checkPartition(message.partition)
    const time = checkTimestamp(message.timestamp) ?? 0
    const list = headers === null || headers === undefined ? [] : headerList(headers)
    const turn = ++this.#turn
    const from = this.#at
    const base = this.count * FIELDS
    if (base === this.fields.length) this.#moreFields()
    const { fields } = this
    try {
      const keySize = this.#put('key', key)
      const valueAt = this.#at
      const valueSize =
        typeof value === 'string' ? this.#putString('value', value) : this.#putBytes(encodeValue(value))
      const headersAt = this.#at
      const headersSize = this.#putHeaders(list)
      // a view's own byteLength may be a getter, too
      if (turn !== this.#turn) throw disturbed()
      fields[base + KEY_AT] = from
      fields[base + KEY_SIZE] = keySize
      fields[base + VALUE_AT] = valueAt
      fields[base + VALUE_SIZE] = valueSize
      fields[base + HEADERS_AT] = headersAt
      fields[base + HEADERS_SIZE] = headersSize
    } catch (error) {
      if (turn === this.#turn) this.#at = from
      throw error
    }
    this.lastTopic = topic
    fields[base + TOPIC] = this.#topicNumber(topic)
    fields[base + PARTITION] = partition
    fields[base + TIME_LOW] = time | 0
    fields[base + TIME_HIGH] = Math.floor(time / 0x1_0000_0000)
    fields[base + ID] = id
    this.count++
    return this.#at - from
  }

  /** Takes the last message out again. */
  drop(): void {
    this.count--
  }

  #put(what: string, bytes: Bytes | null | undefined): number {
    return typeof bytes === 'string' ? this.#putString(what, bytes) : this.#putBytes(encode(what, bytes))
  }

  #putString(what: string, text: string): number {
    wellFormed(what, text)
    this.#reserve(text.length * MOST_PER_UNIT)
    const size = this.arena.write(text, this.#at)
    this.#at += size
    return size
  }

  #putBytes(bytes: Uint8Array | null): number {
    if (bytes === null) return NONE
    this.#reserve(bytes.byteLength)
    this.arena.set(bytes, this.#at)
    this.#at += bytes.byteLength
    return bytes.byteLength
  }

  #putHeaders(headers: readonly Header[]): number {
    if (headers.length === 0) return NONE
    const from = this.#at
    for (const [name, value] of headers) {
      if (typeof name !== 'string') throw invalidHeaders(name)
      this.#reserve(8)
      const sizes = this.#at
      this.#at += 8
      const nameSize = this.#putString('name of a header', name)
      const valueSize = value === undefined ? fail(name, value) : this.#put(`header ${name}`, value)
      this.arena.writeInt32LE(nameSize, sizes)
      this.arena.writeInt32LE(valueSize, sizes + 4)
    }
    return this.#at - from
  }

  #moreFields(): void {
    const larger = new Int32Array(Math.min(2 * this.fields.length, this.capacity * FIELDS))
    larger.set(this.fields)
    this.fields = larger
  }

  #reserve(bytes: number): void {
    const needed = this.#at + bytes
    if (needed <= this.arena.byteLength) return
    const larger = Buffer.allocUnsafeSlow(Math.max(needed, 2 * this.arena.byteLength))
    this.arena.copy(larger, 0, 0, this.#at)
    this.arena = larger
  }
}

function disturbed(): MillraceError {
  return new MillraceError('INVALID_MESSAGE', 'The message used its producer while it was read', {
    hint: 'Give bytes whose properties have no side effects',
  })
}

function fail(name: string, value: unknown): never {
  encode(`header ${name}`, value as Bytes)
  throw invalidHeaders(value)
}

/** A message that another thread had packed. */
export function messageOfPacked({
  topic,
  partition,
  key,
  value,
  timestamp,
  headers,
}: PackedMessage): Message {
  const list: Header[] = []
  for (let at = 0; at < headers.byteLength; ) {
    const nameSize = headers.readInt32LE(at)
    const valueSize = headers.readInt32LE(at + 4)
    const from = at + 8 + nameSize
    const name = headers.toString('utf8', at + 8, from)
    list.push([name, valueSize < 0 ? null : headers.subarray(from, from + valueSize)])
    at = from + Math.max(0, valueSize)
  }
  return {
    topic,
    key,
    value,
    timestamp: timestamp > 0 ? timestamp : undefined,
    partition: partition < 0 ? undefined : partition,
    headers: list.length > 0 ? list : undefined,
  }
}
