import type { Readable } from 'node:stream'
import type { Bounds } from '../bounds.ts'
import type { EngineName } from '../engine/connect.ts'
import type { ReadOptions } from '../input/index.ts'
import type { EmbeddedCluster } from '../testing/embedded-cluster.ts'
import type { Bytes, Headers } from '../types.ts'
import type { ResumeMode } from './receipt/lines.ts'
import type { MaxRejected } from './rejections.ts'

/** Options of reading that are the same here. */
type Reading = Pick<
  ReadOptions,
  | 'format'
  | 'decompress'
  | 'columns'
  | 'csvValues'
  | 'prefix'
  | 'keyField'
  | 'valueField'
  | 'timestampField'
  | 'topicField'
  | 'partitionField'
  | 'skipBlank'
>

/**
 * What a load is to do. The records' topic comes from `topic`, from `topicField`, or from envelopes; everything else
 * has a default. Sizes are bytes, times milliseconds.
 */
export interface LoadOptions extends Reading {
  /** Paths, read in this order; `-` stands for `stdin`. Absent: `stdin` alone. */
  readonly files?: readonly string[] | undefined
  /** A stream of bytes (or strings, as UTF-8). It is destroyed when the load is over, however that ends. */
  readonly stdin?: Readable | undefined
  /** In place of what envelopes name. */
  readonly topic?: string | undefined
  /** Makes the topic where it is not there; without a number with as many partitions as the brokers give it. */
  readonly createTopic?: boolean | { readonly partitions?: number | undefined } | undefined
  /** One key for all; in place of what envelopes have. */
  readonly key?: Bytes | undefined
  /** Added to each message, after the record's own. */
  readonly headers?: Headers | undefined
  /** For all; `any`: chosen by key, whatever envelopes say. */
  readonly partition?: number | 'any' | undefined
  /** lines: exactly these bytes end a record. Default: LF, and a CR before it is not part of the record. */
  readonly delimiter?: Uint8Array | string | undefined
  /** lines: a record is a key, these bytes, a value. Default: no keys. */
  readonly keyDelimiter?: Uint8Array | string | undefined
  /** csv: the byte between fields. Default: a comma. */
  readonly fieldDelimiter?: Uint8Array | string | undefined
  /** A value of just these bytes is null, a tombstone. */
  readonly nullValue?: Uint8Array | string | undefined
  /** Header names, each with the PATH of its value. */
  readonly headerFields?:
    | Iterable<readonly [name: string, path: string]>
    | Readonly<Record<string, string>>
    | undefined
  /** Default 1. With several, order holds only within what one of them sends. */
  readonly producers?: number | undefined
  /** Worker threads that read and parse parts of files (batch engine); default 1: none, the calling thread does. */
  readonly threads?: number | undefined
  /** Parallel produce loops a producer; default 1, which keeps the order. */
  readonly loops?: number | undefined
  /** Messages a second, over all. */
  readonly rate?: number | undefined
  /** Bytes of keys and values a second, over all; with `rate` both hold. */
  readonly rateBytes?: number | undefined
  /** Records to read at most, those of earlier runs included. */
  readonly limit?: number | undefined
  /** How long the cluster may acknowledge nothing before the load gives up; default 60,000. */
  readonly stallTimeoutMs?: number | undefined
  /** How long to wait for acknowledgements once the load was cut short; default 30,000. */
  readonly drainTimeoutMs?: number | undefined
  /** What becomes of a record that cannot be sent, or is refused for what it is; default stop, or dead-letter with `deadLetter`. */
  readonly onBadRecord?: OnBadRecord | undefined
  /** File that such records are appended to, with the reason. */
  readonly deadLetter?: string | undefined
  /** How many of such records there may be; beyond it the load stops. */
  readonly maxRejected?: MaxRejected | undefined
  /**
   * File that says how far the load has come; false: none. Default: the first file's name with `.receipt` behind it,
   * none for a stream alone, and none for an embedded cluster.
   */
  readonly receipt?: string | false | undefined
  /** Goes on with the load of the receipt, which has to be there; true is ordered. */
  readonly resume?: boolean | ResumeMode | undefined
  /** Loads what the topic deletes soon or refuses, by its timestamps, all the same. */
  readonly allowExpired?: boolean | undefined
  /** Default auto. */
  readonly engine?: EngineName | undefined
  /**
   * The embedded cluster that the load goes to, instead of `bootstrap.servers`: topics are made through it, or come into
   * being when they are asked for, and a receipt says that its load cannot be gone on with. The load does not stop it.
   */
  readonly embedded?: EmbeddedCluster | undefined
  /** Once aborted it does what `interrupt` does. */
  readonly signal?: AbortSignal | undefined
  /** How often `progress` comes; default 1,000. */
  readonly progressIntervalMs?: number | undefined
  /** Hears what is odd but no error, such as properties without effect; default: process.emitWarning. */
  readonly onWarning?: ((text: string) => void) | undefined
}

export const onBadRecord = ['stop', 'skip', 'dead-letter'] as const

export type OnBadRecord = (typeof onBadRecord)[number]

/** Timers take no more than 24 days. */
const DAY_MS = 86_400_000

export const loadBounds = {
  partition: { min: 0, max: 0x7fff_ffff },
  producers: { min: 1, max: 1000 },
  threads: { min: 1, max: 256 },
  loops: { min: 1, max: 10_000 },
  rate: { min: 0.001, whole: false },
  rateBytes: { min: 1, whole: false },
  limit: { min: 0 },
  stallTimeoutMs: { min: 1000, max: DAY_MS, whole: false },
  drainTimeoutMs: { min: 0, max: DAY_MS, whole: false },
  progressIntervalMs: { min: 10, max: DAY_MS, whole: false },
} as const satisfies { readonly [option in keyof LoadOptions]: Bounds }

/** Of a topic that is made. */
export const PARTITION_BOUNDS: Bounds = { min: 1, max: 100_000 }

export const rejectedBounds = {
  count: { min: 0 },
  percent: { min: 0, max: 100, whole: false },
} as const satisfies Readonly<Record<string, Bounds>>
