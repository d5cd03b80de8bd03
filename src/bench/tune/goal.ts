import type { LatencyMs } from '../../latency/index.ts'
import { isMeasured, type Trial } from '../trial.ts'

/**
 * `throughput`: as many messages a second as go. `latency`: the highest rate, with messages due by a schedule (open loop),
 * at which one message in a hundred takes longer than `p99Ms` from when it was due to its acknowledgement, or fewer do.
 */
export type Goal = { readonly kind: 'throughput' } | { readonly kind: 'latency'; readonly p99Ms: number }

/** As the command line has it. */
export function goalText(goal: Goal): string {
  return goal.kind === 'throughput' ? 'throughput' : `latency:${goal.p99Ms}`
}

/**
 * Whether a trial at a rate kept the goal. A rate that was not kept up with has no latency, and did not. Where there were
 * too few requests for a p99, the longest latency stands for it, which is never less. What held up the generator only made
 * latencies longer: kept all the same is kept.
 */
export function keeps(trial: Trial, p99Ms: number): boolean {
  const p99 = p99Of(trial)
  return p99 !== null && p99 <= p99Ms
}

/** The p99, or the maximum where requests support none; null where no latency was measured. */
export function p99Of(trial: Trial): number | null {
  if (trial.state !== 'valid' && trial.state !== 'disturbed') return null
  const latency = trial.latencyMs as LatencyMs | null
  return latency === null ? null : (latency.p99 ?? latency.max)
}

/** Messages a second of a trial that counts; null of another. */
export function rateOf(trial: Trial): number | null {
  return isMeasured(trial) ? trial.messagesPerSecond : null
}
