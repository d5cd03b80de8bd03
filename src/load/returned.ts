import { headerList } from '../engine/message.ts'
import { DeliveryError, type ErrorCode, MillraceError } from '../errors.ts'
import type { BadRecord } from '../input/index.ts'
import type { Bytes, Delivery, Message } from '../types.ts'
import type { Verdict } from './verdict.ts'

// All of this is plain data: threads tell it each other.

/** Where a record stands. */
export interface Origin {
  readonly file: string
  /** Offset of its first byte in the input, unpacked. */
  readonly byte: number
  /** From 1; null where that would have taken too long to count. */
  readonly line: number | null
}

/** Why it was not delivered. */
export interface Reason {
  readonly code: ErrorCode
  readonly message: string
  /** Kafka's or librdkafka's number and name; null where neither had a say. */
  readonly kafkaCode: number | null
  readonly kafkaName: string | null
  readonly possiblyPersisted: boolean
}

/** What a record was made into. */
export interface Copy {
  /** Absent: the record names none. */
  readonly topic: string | undefined
  readonly partition: number | undefined
  readonly key: Uint8Array | null
  readonly value: Uint8Array | null
  readonly headers: readonly (readonly [name: string, value: Uint8Array | null])[]
  /** Milliseconds since the epoch; absent: the time of the sending. */
  readonly timestamp: number | undefined
}

/** A record that is itself the cause. */
export interface Rejected {
  readonly origin: Origin
  readonly reason: Reason
  /** The record's own bytes as the value where no message could be made of it. */
  readonly copy: Copy
  /** How long such a record is, where it is longer than what was kept of it. */
  readonly wholeLength?: number | undefined
}

/** A record whose message is to be offered again. */
export interface Returned {
  readonly origin: Origin
  readonly reason: Reason
  readonly copy: Copy
  readonly verdict: Extract<Verdict, 'suspect' | 'neighbour' | 'wait'>
  /** The partition that refused it, if one did. */
  readonly refusedBy: number | undefined
}

/** How a returned record has ended at last. */
export type Fate =
  | { readonly state: 'delivered'; readonly delivery: Delivery }
  | { readonly state: 'rejected' }
  | { readonly state: 'failed'; readonly possiblyPersisted: boolean }

/** Copies what is to outlive the memory that it was read into. */
export function copyOf({ topic, partition, key, value, headers, timestamp }: Message): Copy {
  return {
    topic: topic === '' ? undefined : topic,
    partition: partition ?? undefined,
    key: bytesOf(key),
    value: bytesOf(value),
    headers: headerList(headers ?? []).map(([name, header]) => [name, bytesOf(header)] as const),
    timestamp: timestamp instanceof Date ? timestamp.getTime() : (timestamp ?? undefined),
  }
}

function bytesOf(bytes: Bytes | null | undefined): Buffer | null {
  return bytes === null || bytes === undefined ? null : Buffer.from(bytes as Uint8Array)
}

export function reasonOf(error: MillraceError): Reason {
  const { code, message } = error
  if (!(error instanceof DeliveryError)) {
    return { code, message, kafkaCode: null, kafkaName: null, possiblyPersisted: false }
  }
  const { kafkaCode, kafkaName, possiblyPersisted } = error
  return { code, message, kafkaCode, kafkaName, possiblyPersisted }
}

/** The error of a rejected record, which tells where it stands. */
export function rejectionOf({ origin, reason }: Rejected): MillraceError {
  const { file, byte, line } = origin
  // what cannot be read says so itself
  const place = reason.code === 'BAD_RECORD' ? '' : `${whereIs(origin)}: `
  return new MillraceError('BAD_RECORD', `${place}${reason.message}`, {
    context: { input: file, line, byte, reason },
  })
}

function whereIs({ file, byte, line }: Origin): string {
  const name = file === '-' ? 'standard input' : file
  return line === null ? `the record of ${name} at byte ${byte}` : `line ${line} of ${name} (byte ${byte})`
}

/** A bad record of an input. `error`: its error, told by its place in the whole input. */
export function rejectedInput(
  bad: BadRecord,
  { line, error }: { line: number | null; error: MillraceError },
  topic: string | undefined,
): Rejected {
  const { input: file, byte, length, bytes } = bad
  return {
    origin: { file, byte, line },
    reason: reasonOf(error),
    copy: {
      topic,
      partition: undefined,
      key: null,
      value: bytes,
      headers: [],
      timestamp: undefined,
    },
    wholeLength: length > bytes.length ? length : undefined,
  }
}
