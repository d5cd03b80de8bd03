import { isUtf8 } from 'node:buffer'

/** A message as one line of JSON tells it. */
export interface Envelope {
  /** What a message to come may leave open. */
  readonly topic?: string | undefined
  readonly partition?: number | undefined
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[]
  /** Milliseconds since the epoch. */
  readonly timestamp?: number | undefined
}

/**
 * A message as one line of JSON; everything in base64 if one of its parts is not UTF-8. `extra` members follow
 * its own: where it came from, why it was not delivered.
 */
export function toEnvelope(
  message: Envelope & { readonly offset?: number | undefined },
  extra: Readonly<Record<string, unknown>> = {},
): string {
  const { topic, partition, offset, timestamp, key, value, headers } = message
  const parts = [key, value, ...headers.map(([, header]) => header)]
  const encoding = parts.every(part => part === null || isUtf8(part)) ? 'utf8' : 'base64'
  const text = (bytes: Buffer | null) => (bytes === null ? null : bytes.toString(encoding))
  return JSON.stringify({
    topic,
    partition,
    offset,
    key: text(key),
    value: text(value),
    headers: headers.map(([name, header]) => [name, text(header)]),
    timestamp,
    encoding,
    ...extra,
  })
}

/** Why a line is no envelope; completes "is no envelope: …". */
export class NoEnvelope extends Error {}

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/

/**
 * The message of a line that `toEnvelope` wrote, or another program: `value` is needed, null for a tombstone;
 * what else is left out or null is not said. Other members are passed over. Throws NoEnvelope.
 */
export function fromEnvelope(line: Buffer): Envelope {
  const members = parse(line)
  const { encoding = 'utf8', topic, partition, timestamp } = members
  if (encoding !== 'utf8' && encoding !== 'base64')
    throw new NoEnvelope('"encoding" is neither utf8 nor base64')
  const bytes = (what: string, text: unknown) => bytesOf(what, text, encoding)
  if (members.value === undefined) throw new NoEnvelope('"value" is missing')
  if (!isNothing(topic) && typeof topic !== 'string') throw new NoEnvelope('"topic" is no string')
  return {
    topic: topic ?? undefined,
    // what Kafka writes for a partition not chosen, and for no timestamp
    partition: wholeNumber('partition', partition === -1 ? null : partition),
    timestamp: wholeNumber('timestamp', timestamp === -1 ? null : timestamp),
    key: bytes('"key"', members.key ?? null),
    value: bytes('"value"', members.value),
    headers: headersOf(members.headers ?? [], bytes),
  }
}

function parse(line: Buffer): Record<string, unknown> {
  if (!isUtf8(line)) throw new NoEnvelope('it is not valid UTF-8')
  let parsed: unknown
  try {
    parsed = JSON.parse(line.toString())
  } catch {
    throw new NoEnvelope('it is not JSON')
  }
  if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed)) {
    return parsed as Record<string, unknown>
  }
  throw new NoEnvelope('it is no JSON object')
}

function isNothing(value: unknown): value is null | undefined {
  return value === null || value === undefined
}

function bytesOf(what: string, text: unknown, encoding: 'utf8' | 'base64'): Buffer | null {
  if (text === null) return null
  if (typeof text !== 'string') throw new NoEnvelope(`${what} is neither a string nor null`)
  if (encoding === 'base64') {
    if (!BASE64.test(text)) throw new NoEnvelope(`${what} is not base64`)
  } else if (!text.isWellFormed()) {
    throw new NoEnvelope(`${what} has half a surrogate pair, which UTF-8 cannot say`)
  }
  return Buffer.from(text, encoding)
}

function wholeNumber(name: string, value: unknown): number | undefined {
  if (isNothing(value)) return undefined
  if (Number.isSafeInteger(value) && (value as number) >= 0) return value as number
  throw new NoEnvelope(`"${name}" is no whole number from 0`)
}

function headersOf(
  headers: unknown,
  bytes: (what: string, text: unknown) => Buffer | null,
): (readonly [string, Buffer | null])[] {
  const wrong = () => new NoEnvelope('"headers" is no list of [name, value] pairs')
  if (!Array.isArray(headers)) throw wrong()
  return headers.map((header: unknown) => {
    if (!Array.isArray(header) || header.length !== 2 || typeof header[0] !== 'string') throw wrong()
    const name = header[0]
    if (!name.isWellFormed()) throw new NoEnvelope('the name of a header has half a surrogate pair')
    return [name, bytes(`header ${JSON.stringify(name)}`, header[1])] as const
  })
}
