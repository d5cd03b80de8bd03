import { count, fixed } from '../../wording.ts'
import { brokerCpuPerMillion, brokerGcMsPerSecond, cpuPerMillion } from '../broker-cost.ts'
import { group } from '../columns.ts'
import { worstLoopP99 } from '../loop-delay.ts'
import type { CellReport } from '../report.ts'
import { type Summary, summarize } from '../statistics.ts'
import { isMeasured, type MeasuredTrial } from '../trial.ts'

/** What a cell's measured trials have in common by one of their figures; null where there is none. */
export function over(
  { trials }: CellReport,
  value: (trial: MeasuredTrial) => number | null | undefined,
): Summary | null {
  return summarize(trials.filter(isMeasured).flatMap(trial => value(trial) ?? []))
}

export const costs = [
  {
    title: 'CPU seconds per million messages',
    unit: 'CPU seconds per million',
    about: 'User and system time of the process that sends, not of the cluster.',
    value: cpuPerMillion,
    format: (value: number) => fixed(value, 2),
  },
  {
    title: "The cluster's CPU seconds per million messages",
    unit: 'CPU seconds per million',
    about:
      "User and system time of the brokers' processes on this machine, whoever they were at work for, by the messages of this bench.",
    value: brokerCpuPerMillion,
    format: (value: number) => fixed(value, 2),
  },
  {
    title: "The cluster's garbage collection",
    unit: 'milliseconds a second',
    about: "Pauses of the brokers' JVMs, all of them together.",
    value: brokerGcMsPerSecond,
    format: (value: number) => value.toFixed(1),
  },
  {
    title: 'Event loop delay, 99th percentile',
    unit: 'milliseconds',
    about: 'By how much one timer in a hundred was late, or more.',
    value: (trial: MeasuredTrial) => worstLoopP99(trial),
    format: (value: number) => value.toFixed(1),
  },
  {
    title: 'Peak memory',
    unit: 'MB resident',
    about: 'The most that the process had, from its start to its end.',
    value: ({ peakRssBytes }: MeasuredTrial) => peakRssBytes / 1e6,
    format: (value: number) => group(value),
  },
] as const

const percentiles = [
  ['p50', '50 %'],
  ['p95', '95 %'],
  ['p99', '99 %'],
  ['p999', '99.9 %'],
  ['p9999', '99.99 %'],
  ['max', 'max'],
] as const

/** Latency at each percentile that the cell's trials have; empty where they have none. */
export function latencies(cell: CellReport): { readonly x: string; readonly summary: Summary }[] {
  const measured = cell.trials.flatMap(trial => (trial.state === 'valid' ? [fieldsOf(trial.latencyMs)] : []))
  return percentiles.flatMap(([field, x]) => {
    const values = measured.map(latency => latency[field])
    const summary = summarize(values.filter(value => typeof value === 'number'))
    return summary === null ? [] : [{ x, summary }]
  })
}

/** A trial at full speed has none. */
function fieldsOf(latency: unknown): Readonly<Record<string, unknown>> {
  return typeof latency === 'object' && latency !== null ? { ...latency } : {}
}

const compact = new Intl.NumberFormat('en-US', { notation: 'compact', maximumFractionDigits: 1 })

/** 1234567 as 1.2M. */
export function short(value: number): string {
  return Math.abs(value) < 1 ? count(value) : compact.format(value)
}

/** A factor as +12 % or -3.4 %. */
export function percent(ratio: number): string {
  const value = (ratio - 1) * 100
  if (Math.abs(value) < 0.05) return '0 %'
  return `${value < 0 ? '-' : '+'}${Math.abs(value).toFixed(Math.abs(value) < 10 ? 1 : 0)} %`
}
