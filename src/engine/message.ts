import { isUtf8 } from 'node:buffer'
import { isUint8Array } from 'node:util/types'
import { MillraceError } from '../errors.ts'
import { type Bytes, type Framed, type Header, type Headers, type Message, NO_BYTES } from '../types.ts'

/**
 * A view of zero bytes whose pointer is not null: node-rdkafka and librdkafka read a null pointer as
 * "no value", and an empty Buffer of Node's has one.
 */
export const EMPTY = Buffer.from([0]).subarray(0, 0)

export const MAX_TOPIC_LENGTH = 249
const TOPIC = /^[a-zA-Z0-9._-]+$/

/** Turns strings into UTF-8 and leaves bytes as they are; null stays null. */
export function encode(what: string, bytes: Bytes | null | undefined): Uint8Array | null {
  if (bytes === null || bytes === undefined) return null
  if (typeof bytes === 'string') return bytes === '' ? EMPTY : Buffer.from(wellFormed(what, bytes))
  // not `instanceof`, which a proxy passes, too
  if (!isUint8Array(bytes)) {
    throw new MillraceError('INVALID_MESSAGE', `The ${what} is ${kind(bytes)}`, {
      hint: `A ${what} is a string, a Buffer, a Uint8Array or null`,
      context: { field: what },
    })
  }
  return bytes.byteLength === 0 ? EMPTY : bytes
}

/** UTF-8 has no half of a surrogate pair: such a string would arrive as another. */
export function wellFormed(what: string, text: string): string {
  if (text.isWellFormed()) return text
  throw new MillraceError(
    'INVALID_MESSAGE',
    `The ${what} has half of a surrogate pair, which UTF-8 cannot carry`,
    {
      hint: 'Give whole characters, or bytes',
      context: { field: what },
    },
  )
}

/** The value of a message; unlike a key it may not be left out, since null means "delete" to a compacted topic. */
export function encodeValue(value: Bytes | null): Uint8Array | null {
  if (value === undefined) {
    throw new MillraceError('INVALID_MESSAGE', 'The message has no value', {
      hint: "Give null for a tombstone, '' for an empty value",
      context: { field: 'value' },
    })
  }
  return encode('value', value)
}

/** A message is an object; what it holds is checked where it is read. */
export function checkMessage(message: unknown): void {
  if (typeof message === 'object' && message !== null) return
  throw new MillraceError(
    'INVALID_MESSAGE',
    `A message is an object with topic and value, not ${kind(message)}`,
  )
}

/** Topics already found valid; programs use few. */
const validTopics = new Set<string>()

export function checkTopic(topic: string): void {
  if (validTopics.has(topic)) return
  if (typeof topic !== 'string' || topic === '') {
    throw new MillraceError('INVALID_MESSAGE', `The topic is ${topic === '' ? 'empty' : kind(topic)}`, {
      hint: 'A topic is named by a string',
      context: { field: 'topic' },
    })
  }
  if (topic.length > MAX_TOPIC_LENGTH || !TOPIC.test(topic) || topic === '.' || topic === '..') {
    throw new MillraceError(
      'INVALID_MESSAGE',
      `Kafka has no topic named ${JSON.stringify(topic.slice(0, 300))}`,
      {
        hint: `Names are 1 to ${MAX_TOPIC_LENGTH} of the characters a-z A-Z 0-9 . _ -`,
        context: { field: 'topic', topic },
      },
    )
  }
  if (validTopics.size < 10_000) validTopics.add(topic)
}

/** librdkafka's number for "let the partitioner choose" is -1. */
export function checkPartition(partition: number | null | undefined): number {
  if (partition === null || partition === undefined) return -1
  if (!Number.isInteger(partition) || partition < 0 || partition > 0x7fff_ffff) {
    throw new MillraceError('INVALID_MESSAGE', `The partition is ${show(partition)}`, {
      hint: 'A partition is an integer from 0; leave it out to let the partitioner choose',
      context: { field: 'partition' },
    })
  }
  return partition
}

/** Milliseconds since the epoch, or null for "now". librdkafka reads 0 as "now" too, so 0 is refused. */
export function checkTimestamp(timestamp: number | Date | null | undefined): number | null {
  if (timestamp === null || timestamp === undefined) return null
  const milliseconds = timestamp instanceof Date ? timestamp.getTime() : timestamp
  if (!Number.isSafeInteger(milliseconds) || milliseconds <= 0) {
    throw new MillraceError('INVALID_MESSAGE', `The timestamp is ${show(milliseconds)}`, {
      hint: 'A timestamp is a whole number of milliseconds since 1970, greater than 0, or a Date',
      context: { field: 'timestamp' },
    })
  }
  return milliseconds
}

/** Both forms of headers as a list, in order. */
export function headerList(headers: Headers): readonly Header[] {
  if (typeof headers !== 'object' || headers === null) throw invalidHeaders(headers)
  if (Symbol.iterator in headers) {
    // a message that finds no room is read again
    if (((headers as Iterable<Header>)[Symbol.iterator]() as unknown) === headers) {
      throw new MillraceError('INVALID_MESSAGE', 'The headers can be read once only', {
        hint: 'Give a list of [name, value] pairs, a Map, or an object',
        context: { field: 'headers' },
      })
    }
    const list: Header[] = []
    for (const header of headers as Iterable<Header>) add(list, header)
    const wrong = list.find(header => !Array.isArray(header) || header.length !== 2)
    if (wrong !== undefined) throw invalidHeaders(wrong)
    return list
  }
  const prototype = Object.getPrototypeOf(headers)
  if (prototype !== Object.prototype && prototype !== null) throw invalidHeaders(headers)
  const list: Header[] = []
  for (const [name, value] of Object.entries(headers as Readonly<Record<string, Bytes | null | Bytes[]>>)) {
    if (Array.isArray(value)) for (const one of value) add(list, [name, one])
    else add(list, [name, value])
  }
  return list
}

/** Sparse arrays and iterators without end would take all memory. */
const MOST_HEADERS = 100_000

function add(list: Header[], header: Header): void {
  if (list.length === MOST_HEADERS) {
    throw new MillraceError('INVALID_MESSAGE', `The message has more than ${MOST_HEADERS} headers`, {
      context: { field: 'headers' },
    })
  }
  list.push(header)
}

export function invalidHeaders(what: unknown): MillraceError {
  return new MillraceError('INVALID_MESSAGE', `The headers hold ${kind(what)}`, {
    hint: 'Headers are a list of [name, value] pairs, or an object of names and values',
    context: { field: 'headers' },
  })
}

export interface StringHeaders {
  readonly list: Record<string, string>[]
  readonly bytes: number
}

/**
 * Headers as node-rdkafka takes them: an object with one property each, values as strings.
 * It turns values into C strings, so that bytes which are not UTF-8, NUL characters and null cannot
 * pass unchanged: those are refused with UNSUPPORTED_MESSAGE.
 */
export function stringHeaders(headers: Headers): StringHeaders {
  const list: Record<string, string>[] = []
  let bytes = 0
  for (const [name, value] of headerList(headers)) {
    if (typeof name !== 'string') throw invalidHeaders(name)
    const text = wellFormed(`header ${name}`, headerText(name, value))
    wellFormed('name of a header', name)
    if (name.includes('\0') || text.includes('\0')) {
      throw cannotCarry(name, 'a NUL character, at which it would be cut')
    }
    list.push({ [name]: text })
    bytes += Buffer.byteLength(name) + Buffer.byteLength(text)
  }
  return { list, bytes }
}

function headerText(name: string, value: Bytes | null): string {
  if (typeof value === 'string') return value
  if (value === null) throw cannotCarry(name, 'a null value, which would arrive as the text "null"')
  const bytes = encode(`header ${name}`, value)
  if (bytes === null) throw invalidHeaders(value)
  if (!isUtf8(bytes)) throw cannotCarry(name, 'bytes that are not UTF-8, which would be changed')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

function cannotCarry(name: string, why: string): MillraceError {
  return new MillraceError('UNSUPPORTED_MESSAGE', `The header ${JSON.stringify(name)} has ${why}`, {
    hint: 'The callback engine carries header values that are text; encode the value, for instance as base64',
    context: { field: 'headers', header: name },
  })
}

function kind(value: unknown): string {
  if (value === undefined) return 'undefined'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'an array'
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`
  return `a ${typeof value}`
}

function show(value: unknown): string {
  return typeof value === 'number' || typeof value === 'bigint' ? String(value) : kind(value)
}

/**
 * A piece of a frame, null or of no bytes as its range says.
 * @throws MillraceError INVALID_MESSAGE for a range that does not fit (any more)
 */
export function slice(bytes: Uint8Array, ranges: Uint32Array, index: number): Uint8Array | null {
  const start = ranges[2 * index] as number
  if (start === NO_BYTES) return null
  const end = ranges[2 * index + 1] as number
  if (start > end || end > bytes.byteLength) throw misplaced(index)
  return start === end ? EMPTY : bytes.subarray(start, end)
}

/** Ranges are checked when a call is made: the memory was changed or taken away since then. */
export function misplaced(index: number): MillraceError {
  return new MillraceError(
    'INVALID_MESSAGE',
    `The range of message ${index} does not fit its bytes any more`,
    { hint: 'Leave buffers that were given alone until the call settles' },
  )
}

/** One message of a frame, with bytes of its own. */
export function messageOf(framed: Framed, index: number): Message {
  const { topic, bytes, ranges, keys, key, headers, timestamp, partition } = framed
  const own = (piece: Uint8Array | null) => (piece === null ? null : Buffer.from(piece))
  return {
    topic,
    headers,
    timestamp,
    partition,
    value: own(slice(bytes, ranges, index)),
    key: keys === undefined ? key : own(slice(keys.bytes, keys.ranges, index)),
  }
}

/** For the text of an error, long after the message was taken: its getter may throw by now, or it may be gone. */
export function topicOf(message: Message | undefined): string {
  try {
    return String(message?.topic ?? '')
  } catch {
    return ''
  }
}

/** Whatever reading a message threw, such as a getter's own error, as an error of ours. */
export function asMillraceError(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error
  return new MillraceError('INVALID_MESSAGE', 'The message cannot be read', { cause: error })
}

export function producerClosed(text = 'The producer is closed'): MillraceError {
  return new MillraceError('PRODUCER_CLOSED', text)
}

export function tooLarge(cost: number, limit: number, topic: string): MillraceError {
  return new MillraceError(
    'MESSAGE_TOO_LARGE',
    `A message of ${cost} bytes (with overhead) for ${topic} is beyond the ${limit} bytes that may be in flight`,
    { hint: 'Raise queue.buffering.max.kbytes', context: { bytes: cost, limit } },
  )
}
