import { isUtf8 } from 'node:buffer'

/** What a field says cannot be what it was named for; completes "has a field X that is no timestamp: …". */
export class NotThat extends Error {}

const MAX_SHOWN = 40
/** Kafka counts partitions in 32 bits. */
export const MAX_PARTITION = 0x7fff_ffff

function shown(text: string): string {
  return JSON.stringify(text.length > MAX_SHOWN ? `${text.slice(0, MAX_SHOWN)}…` : text)
}

function textOf(bytes: Buffer): string {
  if (!isUtf8(bytes)) throw new NotThat('it is not valid UTF-8')
  return bytes.toString()
}

/** A day, or a day and a time with its offset: without one, a time would depend on the machine. */
const ISO_8601 =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:[.,]\d{1,9})?)?)\s?(Z|[+-]\d{2}(?::?\d{2})?))?$/i

/**
 * Milliseconds since the epoch, out of such a number or ISO 8601; nothing (null, or no bytes) is no
 * timestamp: that of the sending. Parts of a millisecond are cut off.
 */
export function timestampOf(bytes: Buffer | null): number | undefined {
  if (bytes === null || bytes.length === 0) return undefined
  const text = textOf(bytes)
  const milliseconds = /^\d+$/.test(text) ? Number(text) : parseDate(text)
  if (!Number.isSafeInteger(milliseconds)) {
    throw new NotThat(`${shown(text)} is neither milliseconds since 1970 nor ISO 8601 with Z or an offset`)
  }
  if (milliseconds <= 0) throw new NotThat(`${shown(text)} is not after the beginning of 1970`)
  return milliseconds
}

function parseDate(text: string): number {
  const [, day, time, offset] = ISO_8601.exec(text) ?? []
  if (day === undefined) return Number.NaN
  if (time === undefined || offset === undefined) return validDay(day) ? Date.parse(day) : Number.NaN
  const [clock, fraction = ''] = time.replace(',', '.').split('.')
  const seconds = clock?.length === 5 ? `${clock}:00` : clock
  const zone = offset.toUpperCase() === 'Z' ? 'Z' : zoneOf(offset)
  const parsed = Date.parse(`${day}T${seconds}.${fraction.padEnd(3, '0').slice(0, 3)}${zone}`)
  return validDay(day) ? parsed : Number.NaN
}

function zoneOf(offset: string): string {
  const digits = offset.slice(1).replace(':', '').padEnd(4, '0')
  return `${offset[0]}${digits.slice(0, 2)}:${digits.slice(2)}`
}

/** Date.parse takes February 30th for March 2nd. */
function validDay(day: string): boolean {
  const parsed = Date.parse(day)
  return !Number.isNaN(parsed) && new Date(parsed).toISOString().startsWith(day)
}

/** A partition's number; nothing (null, or no bytes) lets the partitioner choose. */
export function partitionOf(bytes: Buffer | null): number | undefined {
  if (bytes === null || bytes.length === 0) return undefined
  const text = textOf(bytes)
  const partition = /^\d+$/.test(text) ? Number(text) : Number.NaN
  if (partition <= MAX_PARTITION) return partition
  throw new NotThat(`${shown(text)} is no whole number from 0 to ${MAX_PARTITION}`)
}

export function topicOf(bytes: Buffer | null): string {
  if (bytes === null) throw new NotThat('it is null')
  const text = textOf(bytes)
  if (/^[a-zA-Z0-9._-]{1,249}$/.test(text) && text !== '.' && text !== '..') return text
  throw new NotThat(`${shown(text)} is none; topics have 1 to 249 of the characters a-z A-Z 0-9 . _ -`)
}
