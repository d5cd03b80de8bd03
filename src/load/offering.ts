import type { MessageBlock } from '../input/index.ts'
import { type Bytes, type Framed, type Header, type Headers, type Message, NO_BYTES } from '../types.ts'

/** What is the same for all messages of a load, whatever their records say. */
export interface Constants {
  /** Absent: each record names its topic. */
  readonly topic?: string | undefined
  readonly key?: Bytes | undefined
  /** Added after the record's own. */
  readonly headers?: readonly Header[] | undefined
  /** `any`: the partitioner chooses, whatever the records say. */
  readonly partition?: number | 'any' | undefined
}

/** Messages of one block, as a producer takes them. */
export type Offering = Framed | readonly Message[]

/** The messages `from` to `to` (exclusive) of a block: framed, unless its records say more than key and value. */
export function offering(block: MessageBlock, from: number, to: number, constants: Constants): Offering {
  return block.details === undefined
    ? framed(block, from, to, constants)
    : messages(block, block.details, from, to, constants)
}

function framed(
  { bytes, ranges, keys }: MessageBlock,
  from: number,
  to: number,
  constants: Constants,
): Framed {
  const cut = (all: Uint32Array) =>
    2 * to === all.length && from === 0 ? all : all.subarray(2 * from, 2 * to)
  return {
    topic: constants.topic ?? '',
    partition: numberOf(constants.partition),
    headers: constants.headers,
    bytes,
    ranges: cut(ranges),
    key: keys === undefined ? constants.key : undefined,
    keys: keys === undefined ? undefined : { bytes: keys.bytes, ranges: cut(keys.ranges) },
  }
}

function messages(
  { bytes, ranges, keys }: MessageBlock,
  details: NonNullable<MessageBlock['details']>,
  from: number,
  to: number,
  { topic, key, headers = [], partition }: Constants,
): Message[] {
  const list: Message[] = []
  for (let index = from; index < to; index++) {
    const own = details[index] ?? {}
    list.push({
      topic: topic ?? own.topic ?? '',
      value: piece(bytes, ranges, index),
      key: key ?? (keys === undefined ? undefined : piece(keys.bytes, keys.ranges, index)),
      headers: joined(own.headers, headers),
      timestamp: own.timestamp,
      partition: partition === undefined ? own.partition : numberOf(partition),
    })
  }
  return list
}

function joined(own: readonly Header[] | undefined, added: readonly Header[]): Headers | undefined {
  if (own === undefined || own.length === 0) return added.length === 0 ? undefined : added
  return added.length === 0 ? own : [...own, ...added]
}

function numberOf(partition: number | 'any' | undefined): number | undefined {
  return partition === 'any' ? undefined : partition
}

function piece(bytes: Buffer, ranges: Uint32Array, index: number): Buffer | null {
  const start = ranges[2 * index] as number
  return start === NO_BYTES ? null : bytes.subarray(start, ranges[2 * index + 1])
}

/** The bytes of key and value of messages that came out of records, from one index to another (exclusive). */
export function sizeOf(offered: Offering, from: number, to: number): number {
  if ('ranges' in offered) return length(offered.ranges, from, to) + length(offered.keys?.ranges, from, to)
  let bytes = 0
  for (let index = from; index < to; index++) {
    const { key, value } = offered[index] as Message
    bytes += bytesOf(value) + bytesOf(key)
  }
  return bytes
}

function length(ranges: Uint32Array | undefined, from: number, to: number): number {
  if (ranges === undefined) return 0
  let bytes = 0
  for (let at = 2 * from; at < 2 * to; at += 2) {
    const start = ranges[at] as number
    if (start !== NO_BYTES) bytes += (ranges[at + 1] as number) - start
  }
  return bytes
}

/** A key that is the same for all counts for nothing, as in a frame. */
function bytesOf(bytes: Bytes | null | undefined): number {
  return bytes === null || bytes === undefined || typeof bytes === 'string' ? 0 : bytes.length
}
