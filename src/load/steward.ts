import type { MillraceError } from '../errors.ts'
import type { Settled } from './account.ts'

/** How a batch has ended, with the first error of each kind. */
export interface Settlement extends Settled {
  readonly kind: 'settled'
  /** The first record refused because of what it is. */
  readonly rejection: MillraceError | undefined
  /** The first that the broker refused for a record in its batch. */
  readonly failure: MillraceError | undefined
  /** The first that failed for a reason which is not the records'. */
  readonly broken: MillraceError | undefined
}

/** What a feed tells its load, in the order in which it happens. */
export type LoadEvent =
  /** Taken from the input, and about to be offered. */
  | { readonly kind: 'read'; readonly records: number; readonly blank: number; readonly bytes: number }
  | Settlement
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
}
