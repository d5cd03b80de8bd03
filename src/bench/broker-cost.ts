import type { Figures } from './trial.ts'

/**
 * Linux counts processor time in ticks of 10 ms, rounded for each process, user and system apart: below twenty of them
 * a window holds more rounding than figure, and derived from it would be noise to two digits.
 */
const LEAST_SECONDS = 0.2

type Rated = Pick<Figures, 'seconds' | 'messagesPerSecond' | 'broker'>

/** Of the processes that send. */
export function cpuPerMillion({
  cpuSeconds: { user, system },
  seconds,
  messagesPerSecond,
}: Pick<Figures, 'cpuSeconds'> & Rated): number {
  return ((user + system) / (seconds * messagesPerSecond)) * 1e6
}

/** Of the cluster's, where these are known, and enough to tell. */
export function brokerCpuPerMillion(figures: Rated): number | null {
  const cores = brokerCores(figures)
  return cores === null ? null : (cores / figures.messagesPerSecond) * 1e6
}

/** Of a window's seconds, what the cluster's JVMs stood still for their garbage collectors. */
export function brokerGcMsPerSecond({ broker, seconds }: Rated): number | null {
  const gcMs = broker?.gcMs ?? null
  return gcMs === null ? null : gcMs / seconds
}

/** How many cores the cluster's processes used, on average, where these are known and enough to tell. */
export function brokerCores({ broker, seconds }: Rated): number | null {
  if (!broker) return null
  const used = broker.cpuSeconds.user + broker.cpuSeconds.system
  return used < LEAST_SECONDS ? null : used / seconds
}
