import type { MillraceError } from '../errors.ts'
import type { Settled } from './account.ts'
import type { PieceEnd, PieceStart } from './receipt/chunks.ts'
import type { Fate, Rejected, Returned } from './returned.ts'

/** How records of a batch have ended that were accepted. What was rejected or is offered again is not among them. */
export interface Settlement extends Settled {
  readonly kind: 'settled'
  /** The first that failed for good. */
  readonly failure: MillraceError | undefined
  /** Why the producer takes no more. */
  readonly broken: MillraceError | undefined
  /** What a receipt is to know of it. */
  readonly end?: PieceEnd | undefined
}

/** What a feed tells its load, in the order in which it happens. */
export type LoadEvent =
  /** Taken from the input, and about to be offered. */
  | {
      readonly kind: 'read'
      readonly records: number
      readonly blank: number
      readonly bytes: number
      /** For a receipt. */
      readonly piece?: PieceStart | undefined
    }
  | Settlement
  /** For a receipt: what was offered again, or put aside, has ended. */
  | { readonly kind: 'ended'; readonly end: PieceEnd }
  /** For a receipt: an input was read to its end, at that offset. */
  | { readonly kind: 'inputEnded'; readonly domain: number; readonly input: number; readonly at: number }
  /** An input cannot be read further; with BAD_RECORD one more record was read, and is rejected. */
  | { readonly kind: 'input'; readonly error: MillraceError }
  /** The producer takes no more. */
  | { readonly kind: 'broken'; readonly error: MillraceError }
  /** A thread died; what it had accepted and not told stands in the producers' accounts. */
  | { readonly kind: 'died'; readonly error: MillraceError }

/** So many records may be read; `last`: and none after them. */
export interface Grant {
  readonly count: number
  readonly last: boolean
}

/** What a load is to those who read and send for it. There is one for all of them, in all threads. */
export interface Steward {
  /** Aborted: read no more; what was read is still to be offered. */
  readonly finish: AbortSignal
  /** Aborted: offer no more. */
  readonly abort: AbortSignal
  /** Asks to read `count` records, of so many bytes together; waits until they are due, where there is a rate. */
  take(count: number, bytes: number): Promise<Grant>
  /** How many partitions a topic has; 0: there is none such. Fails as Producer.describeTopic. */
  partitions(topic: string): Promise<number>
  tell(event: LoadEvent): void
  /**
   * Puts records aside that are themselves the cause, and counts them. Waits until they stand among the dead letters,
   * where there are such. False: that was not possible, they are not counted, and the load stops. Never rejects.
   */
  reject(rejected: readonly Rejected[]): Promise<boolean>
  /**
   * Has records offered again that surely are not in the log, and counts how they end. Waits until each has ended;
   * never rejects. The fates are in the records' order.
   */
  again(returned: readonly Returned[]): Promise<readonly Fate[]>
}
