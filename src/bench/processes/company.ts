/** What one process of a trial has to do with the others of it. */
export interface Company {
  /** Which of so many it is, from 0. */
  readonly index: number
  readonly of: number
  /** To be called once it is warm: resolves when all are, with when the window of all begins, on performance.now()'s clock. */
  begin(): Promise<number>
  /** It was halted: the others are to be, too. */
  halt(): void
  /** Resolves when another one was halted. */
  readonly halted: Promise<void>
}

/** Beside the figures, what is judged of all processes together. */
export interface PartOfTrial {
  /** As its producers counted it. */
  readonly acknowledged: number
  readonly firstFailure: string | undefined
  /** Its window on the monotonic clock, in ms. */
  readonly from: number
  readonly to: number
  /** Those of each part of its `latencyOverTime`, encoded: percentiles of several processes do not add up. Null where that is. */
  readonly latencies: readonly string[] | null
}

/** A part that is as near to the others' as whole numbers can be. */
export function shareOf(messages: number, index: number, of: number): number {
  return Math.floor(((index + 1) * messages) / of) - Math.floor((index * messages) / of)
}
