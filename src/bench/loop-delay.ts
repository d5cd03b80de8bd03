import type { Figures } from './trial.ts'

/** By how much one timer in a hundred was late or more, in ms, in the thread where it was worst. */
export function worstLoopP99({
  eventLoopDelayMs,
  threadDelayMs,
}: Pick<Figures, 'eventLoopDelayMs' | 'threadDelayMs'>): number {
  return Math.max(eventLoopDelayMs.p99, threadDelayMs?.p99 ?? 0)
}
