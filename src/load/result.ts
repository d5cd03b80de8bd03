import { randomUUID } from 'node:crypto'
import type { MillraceError } from '../errors.ts'
import type { PartitionAccount } from './account.ts'

/**
 * Why a load ended. `input`: an input could not be read, a bad record stopped it, there were too many of them, or no
 * place to put them aside. `cluster`: the cluster acknowledged nothing for too long, or a producer could not go on.
 * `receipt`: the receipt cannot be written. `unexpected`: a thread died.
 */
export type Outcome = 'finished' | 'interrupted' | 'input' | 'receipt' | 'cluster' | 'unexpected'

/** read = sent + skipped + rejected + unsent + alreadyDone, and sent = delivered + failed, however it ended. */
export interface LoadEnd {
  readonly loadId: string
  readonly outcome: Outcome
  /** What ended the load before its time. */
  readonly error: MillraceError | undefined
  /** The first record that was refused because of what it is. */
  readonly firstRejection: MillraceError | undefined
  /** Whether no more records were rejected than are allowed; without such a bound: whether none was. */
  readonly withinMaxRejected: boolean
  /** The first record that was offered and failed for good. */
  readonly firstFailure: MillraceError | undefined
  readonly read: number
  readonly sent: number
  readonly skipped: number
  readonly rejected: number
  readonly delivered: number
  readonly failed: number
  /** Read, but not accepted any more when the load was cut short. */
  readonly unsent: number
  /** By runs of the load before this one. */
  readonly alreadyDone: number
  /** Messages that were offered again, on top. */
  readonly resent: number
  /** Part of failed. */
  readonly possiblyPersisted: number
  /** Of the delivered records, key and value. */
  readonly bytes: number
  readonly seconds: number
  readonly messagesPerSecond: number
  readonly partitions: readonly PartitionAccount[]
}

/** The account of a load, in records. */
export interface LoadResult extends LoadEnd {
  /** The engine that messages took; none: the load was interrupted before it was connected. */
  readonly engine: 'batch' | 'callback' | 'none'
  /** The file that says how far the load has come; null: there is none. */
  readonly receipt: string | null
  /** The file that rejected records were put into; null: none was asked for. */
  readonly deadLetter: string | null
}

/** The account of a load that was interrupted before it read anything. */
export function nothingLoaded(): LoadEnd {
  return {
    loadId: randomUUID(),
    outcome: 'interrupted',
    error: undefined,
    firstRejection: undefined,
    withinMaxRejected: true,
    firstFailure: undefined,
    read: 0,
    sent: 0,
    skipped: 0,
    rejected: 0,
    delivered: 0,
    failed: 0,
    unsent: 0,
    alreadyDone: 0,
    resent: 0,
    possiblyPersisted: 0,
    bytes: 0,
    seconds: 0,
    messagesPerSecond: 0,
    partitions: [],
  }
}
