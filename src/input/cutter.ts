import type { Problem } from './bad.ts'

/**
 * Finds where records end, in bytes that come in pieces: the state between two pieces is its own, so no
 * byte is looked at twice.
 */
export interface Cutter {
  /**
   * Goes on from `at`, where a record begins or where the last call ended without finding: the index after
   * the record and all that ends it, or -1 if that is not in `bytes`.
   */
  cut(bytes: Buffer, at: number): number
  /** The bytes of framing before those of the record that is being cut, or was cut last; and after them. */
  readonly head: number
  readonly tail: number
  /** Of the record cut last: the lines that it takes. */
  readonly lines: number
  /** Why there is no going on from where the last call ended. */
  readonly broken: Error | undefined
  /** After `finish`: whether what would have ended the record was still to come. */
  readonly endless: boolean
  /** The input ended inside a record: what is wrong with that, or undefined where it is a record all the same. */
  finish(): Problem | undefined
}
