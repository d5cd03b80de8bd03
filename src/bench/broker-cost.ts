import type { Figures } from './trial.ts'

type Rated = Pick<Figures, 'seconds' | 'messagesPerSecond' | 'broker'>

/** Of the processes that send. */
export function cpuPerMillion(figures: Pick<Figures, 'cpuSeconds'> & Rated): number {
  return perMillion(figures.cpuSeconds, figures)
}

/** Of the cluster's, where these are known. */
export function brokerCpuPerMillion(figures: Rated): number | null {
  return figures.broker ? perMillion(figures.broker.cpuSeconds, figures) : null
}

/** Of a window's seconds, what the cluster's JVMs stood still for their garbage collectors. */
export function brokerGcMsPerSecond({ broker, seconds }: Rated): number | null {
  const gcMs = broker?.gcMs ?? null
  return gcMs === null ? null : gcMs / seconds
}

/** How many cores the cluster's processes used, on average. */
export function brokerCores({ broker, seconds }: Rated): number | null {
  return broker ? (broker.cpuSeconds.user + broker.cpuSeconds.system) / seconds : null
}

function perMillion({ user, system }: Figures['cpuSeconds'], { seconds, messagesPerSecond }: Rated): number {
  return ((user + system) / (seconds * messagesPerSecond)) * 1e6
}
