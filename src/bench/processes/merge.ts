import { decode, encode, Histogram, latencyMs, percentile } from '../../latency/index.ts'
import { figuresOf } from '../latency-over-time.ts'
import type { BrokerCost } from '../local-broker/local-broker.ts'
import type { Figures, LatencyPoint, Remark, TrialResult } from '../trial.ts'
import type { PartOfTrial } from './company.ts'

/** Windows that lie farther apart than this share of their length are not one. */
const APART = 0.05

export interface Merged {
  /** Without what the log holds, at which whoever started the processes looks. */
  readonly figures: Omit<Figures, 'endOffsetsMoved' | 'beyondDelivered'>
  readonly acknowledged: number
  readonly firstFailure: string | undefined
  /** Of single processes; the account of all is judged elsewhere. */
  readonly faults: readonly string[]
  readonly remark: Remark | undefined
}

/**
 * What several processes measured in the window that they had in common, as one trial. The window is from where the
 * first began to where the last ended, so that a rate is told too low by what they lay apart, never too high.
 */
export function merge(results: readonly TrialResult[]): Merged {
  const parts = results.map(({ part }) => partOf(part))
  const all = results.map(({ figures }) => figures)
  const sum = (value: (figures: Figures) => number | null) =>
    all.reduce((total, figures) => total + (value(figures) ?? 0), 0)
  const known = (value: (figures: Figures) => number | null) =>
    all.every(figures => value(figures) !== null) ? sum(value) : null
  const from = Math.min(...parts.map(part => part.from))
  const seconds = (Math.max(...parts.map(part => part.to)) - from) / 1000
  const perSecond = (value: (figures: Figures) => number) =>
    sum(figures => value(figures) * figures.seconds) / seconds
  const requests = known(({ requestsPerSecond }) => requestsPerSecond)
  const remark = remarkOf(results, parts, seconds)
  const timed = remark?.state !== 'saturated' && all.every(({ histogram }) => histogram !== null)
  const latencies = timed ? merged(all.map(({ histogram }) => histogram)) : null
  const lateness = merged(all.map(({ floorHistogram }) => floorHistogram))
  const distinctRequests = timed ? known(figures => figures.distinctRequests) : null
  const [first] = all as [Figures]
  const figures: Merged['figures'] = {
    threads: first.threads,
    processes: results.length,
    offered: sum(({ offered }) => offered),
    delivered: sum(({ delivered }) => delivered),
    failed: sum(({ failed }) => failed),
    possiblyPersisted: sum(({ possiblyPersisted }) => possiblyPersisted),
    transactionMarkers: sum(({ transactionMarkers }) => transactionMarkers),
    // processes do not send in transactions: with one id they would fence each other off
    transactions: null,
    metrics: all.every(({ metrics }) => metrics !== null)
      ? all.flatMap(({ metrics }) => metrics ?? [])
      : null,
    seconds,
    messagesPerSecond: perSecond(({ messagesPerSecond }) => messagesPerSecond),
    megabytesPerSecond: perSecond(({ megabytesPerSecond }) => megabytesPerSecond),
    achievedRate: known(({ achievedRate }) => achievedRate),
    latencyMs: latencies && latencyMs(latencies, distinctRequests ?? 0),
    histogram: latencies && encode(latencies),
    distinctRequests,
    floorMs: lateness && floorOf(lateness),
    floorHistogram: lateness && encode(lateness),
    lingerMs: first.lingerMs,
    latencyOverTime: timed ? overTimeOf(all, parts) : null,
    backlogGrowth: known(({ backlogGrowth }) => backlogGrowth),
    cpuSeconds: {
      user: sum(({ cpuSeconds }) => cpuSeconds.user),
      system: sum(({ cpuSeconds }) => cpuSeconds.system),
    },
    gcMs: sum(({ gcMs }) => gcMs),
    eventLoopDelayMs: worst(all.map(({ eventLoopDelayMs }) => eventLoopDelayMs)),
    threadDelayMs: worst(all.map(({ threadDelayMs }) => threadDelayMs)),
    peakRssBytes: sum(({ peakRssBytes }) => peakRssBytes),
    batchMessages:
      requests === null || requests === 0
        ? null
        : sum(figures => (figures.batchMessages ?? 0) * (figures.requestsPerSecond ?? 0)) / requests,
    requestsPerSecond: requests,
    busy: busiest(all.map(({ busy }) => busy)),
    broker: brokerOf(first, seconds),
  }
  return {
    figures,
    acknowledged: parts.reduce((total, part) => total + part.acknowledged, 0),
    firstFailure: parts.find(part => part.firstFailure !== undefined)?.firstFailure,
    faults: results.flatMap(({ faults }) => faults),
    remark,
  }
}

/** Only the first looked, and its window lacks a little of that of all: taken to have gone on as it was. */
function brokerOf({ broker, seconds: seen }: Figures, seconds: number): BrokerCost | null {
  if (!broker || seen < (1 - APART) * seconds) return null
  const { processes, cpuSeconds, gcMs } = broker
  const longer = seconds / seen
  return {
    processes,
    cpuSeconds: { user: cpuSeconds.user * longer, system: cpuSeconds.system * longer },
    gcMs: gcMs === null ? null : gcMs * longer,
  }
}

function partOf(part: PartOfTrial | undefined): PartOfTrial {
  if (part === undefined) throw new Error('a trial that ran alone is no part of another')
  return part
}

/** Of one process it is of the trial: what one could not keep up with, or was held up at, all could not, or were. */
function remarkOf(
  results: readonly TrialResult[],
  parts: readonly PartOfTrial[],
  seconds: number,
): Remark | undefined {
  for (const state of ['saturated', 'disturbed'] as const) {
    const index = results.findIndex(({ remark }) => remark?.state === state)
    const why = results[index]?.remark?.why
    if (why !== undefined) return { state, why: `process ${index + 1} of ${results.length}: ${why}` }
  }
  const begun = parts.map(({ from }) => from)
  const apart = Math.max(...begun) - Math.min(...begun)
  if (apart <= APART * seconds * 1000) return undefined
  return { state: 'disturbed', why: `the processes' windows began ${apart.toFixed(0)} ms apart` }
}

/** The parts of the time begin at the same moments in all processes; who was done sooner has fewer of them. */
function overTimeOf(all: readonly Figures[], parts: readonly PartOfTrial[]): LatencyPoint[] | null {
  if (parts.some(({ latencies }) => latencies === null)) return null
  const points: LatencyPoint[] = []
  for (let at = 0; ; at++) {
    const here = all.flatMap(({ latencyOverTime }) => latencyOverTime?.[at] ?? [])
    const latencies = merged(parts.flatMap(part => part.latencies?.[at] ?? []))
    const [first] = here
    if (first === undefined || latencies === null) return points
    const seconds = Math.max(...here.map(point => point.seconds))
    points.push({ second: first.second, seconds, ...figuresOf(latencies) })
  }
}

function merged(encoded: readonly (string | null)[]): Histogram | null {
  const all = new Histogram()
  for (const text of encoded) {
    if (text === null) return null
    all.merge(decode(text))
  }
  return all
}

function floorOf(lateness: Histogram): Figures['floorMs'] {
  const [p50, p99, { max }] = [percentile(lateness, 'p50'), percentile(lateness, 'p99'), lateness]
  if (p50 === null || p99 === null || max === null) return null
  return { p50: p50 / 1e6, p99: p99 / 1e6, max: max / 1e6 }
}

function worst<Delay extends Figures['threadDelayMs']>(delays: readonly Delay[]): Delay {
  const [first, ...others] = delays as [Delay, ...Delay[]]
  return others.reduce((most, delay) => ((delay?.p99 ?? 0) > (most?.p99 ?? 0) ? delay : most), first)
}

/** What is the machine's own is the same for all; the rest is of the one that had the least left. */
function busiest(all: readonly Figures['busy'][]): Figures['busy'] {
  const most = (value: (busy: Figures['busy']) => number | null) => {
    const known = all.flatMap(busy => value(busy) ?? [])
    return known.length === 0 ? null : Math.max(...known)
  }
  return {
    machine: most(({ machine }) => machine),
    loop: most(({ loop }) => loop) ?? 0,
    connection: most(({ connection }) => connection),
    inFlight: most(({ inFlight }) => inFlight),
  }
}
