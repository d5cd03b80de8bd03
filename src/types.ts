/** Bytes as given by the user; strings are UTF-8. */
export type Bytes = string | Buffer | Uint8Array

/** One header; names may repeat, and their order is kept. */
export type Header = readonly [name: string, value: Bytes | null]

/** Pairs (an array, a Map, …), or an object whose values may be arrays for repeated names. */
export type Headers = Iterable<Header> | Readonly<Record<string, Bytes | null | readonly (Bytes | null)[]>>

/** What is offered to a producer. */
export interface Message {
  readonly topic: string
  /** `null` is a tombstone, `''` an empty value. */
  readonly value: Bytes | null
  /** `null` or absent: no key (any partition); `''` is a key of zero bytes. */
  readonly key?: Bytes | null | undefined
  readonly headers?: Headers | null | undefined
  /** Milliseconds since the epoch, greater than 0; absent: the time of the call. */
  readonly timestamp?: number | Date | null | undefined
  /** Absent: the partitioner chooses by key. */
  readonly partition?: number | null | undefined
}

/**
 * Many messages of one topic as bytes: no object per message.
 * `ranges` holds two numbers a message, start and end (exclusive) of its value in `bytes`;
 * a start of `NO_BYTES` is a null value. `keys` likewise, one pair a message.
 */
export interface Framed {
  readonly topic: string
  readonly bytes: Uint8Array
  readonly ranges: Uint32Array
  readonly keys?: { readonly bytes: Uint8Array; readonly ranges: Uint32Array } | undefined
  /** One key for every message; not together with `keys`. */
  readonly key?: Bytes | null | undefined
  readonly headers?: Headers | null | undefined
  readonly timestamp?: number | Date | null | undefined
  readonly partition?: number | null | undefined
}

/** The start of a range that stands for null. */
export const NO_BYTES = 0xffff_ffff

/** Where a message went. */
export interface Delivery {
  readonly topic: string
  readonly partition: number
  /** Null where the broker did not tell it (acks=0, a duplicate after a lost answer). */
  readonly offset: number | null
}

/** How much is kept of each delivery of a batch. */
export type Detail = 'counts' | 'failures' | 'all'
