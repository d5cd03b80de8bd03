import { brokerCores } from './broker-cost.ts'
import type { Busy } from './busy.ts'
import { worstLoopP99 } from './loop-delay.ts'
import type { CellReport } from './report.ts'
import { medianOf } from './statistics.ts'
import type { Trial } from './trial.ts'

/** What a cell's trials show to be near its end, and what to do about it. */
export interface Limits {
  /** The one that most likely holds the others up comes first; empty where nothing measured was near its end. */
  readonly reasons: readonly string[]
  /** What would carry more, going by the first of them; null where there is none. */
  readonly advice: string | null
  /** What else may set the pace, and is not known to be near its end. */
  readonly unmeasured: string
}

type ValidTrial = Extract<Trial, { state: 'valid' }>

/** From here on something is as good as used up: the rest goes to waiting and to what was not measured. */
const USED_UP = 0.9
/** Statistics are moments: a connection that is always full is not seen so in each of them. */
const MOSTLY_FULL = 0.75
const GC_SHARE = 0.1
const LATE_MS = 10

/** Of its valid trials, of which there is one at least. Nothing is said of what was not measured. */
export function limitsOf(cell: CellReport, cores: number): Limits {
  const used = medianOver(cell, ({ cpuSeconds, seconds }) => (cpuSeconds.user + cpuSeconds.system) / seconds)
  const busy = (name: keyof Busy) => medianOver(cell, trial => trial.busy?.[name] ?? null)
  const collecting = medianOver(cell, ({ gcMs, seconds }) => gcMs / 1000 / seconds) ?? 0
  const late = medianOver(cell, worstLoopP99) ?? 0
  const share = (cell.ofCeiling as { readonly median: number } | null)?.median ?? 0
  const cluster = clusterCores(cell)
  const found = [
    coresAt({ own: used ?? 0, cluster, machine: busy('machine') }, cores, cell),
    at(busy('loop'), USED_UP, loop => ({
      reason: `the event loop of the busiest thread was at work ${percent(loop)} of the time`,
      advice:
        cell.engine === 'callback'
          ? 'Other processes (--processes) have event loops of their own'
          : 'More threads or processes (--threads, --processes) have event loops of their own; larger batches or --api framed ask less of each',
    })),
    at(busy('connection'), USED_UP, connection => ({
      reason: `librdkafka's thread of one connection used ${percent(connection)} of a core`,
      advice:
        'More producers or processes (--producers, --processes) have connections of their own, as have partitions on more brokers',
    })),
    at(busy('inFlight'), MOSTLY_FULL, full => ({
      reason: `${percent(full)} of the time a connection had as many requests on their way as it may have`,
      advice:
        'The broker, or the way to it, sets the pace: larger batches (-X linger.ms, -X batch.size), more brokers, or more connections (--producers)',
    })),
    at(share, USED_UP, reached => ({
      reason: `it reached ${percent(reached)} of the native ceiling`,
      advice: 'librdkafka itself sets the pace: other properties, or another --producers, change that',
    })),
    at(collecting, GC_SHARE, of => ({
      reason: `the garbage collector took ${percent(of)} of the time`,
      advice: '--api batch or framed make less garbage than send',
    })),
    // with a busy loop, it is told already
    late < LATE_MS || (busy('loop') ?? 0) >= USED_UP
      ? undefined
      : {
          reason: `one in a hundred timers of the event loop was ${late.toFixed(0)} ms late or more`,
          advice: 'More threads or processes (--threads, --processes) have event loops of their own',
        },
  ].filter(limit => limit !== undefined)
  return {
    reasons: found.map(({ reason }) => reason),
    advice: found[0]?.advice ?? null,
    unmeasured:
      cluster === null
        ? 'cluster and network were not measured'
        : `the cluster's processes used ${coresText(cluster)} of ${cores} cores; its disks and locks were not measured`,
  }
}

/** Null where they are not known; 0 where they are too few for a figure. */
function clusterCores(cell: CellReport): number | null {
  const looked = medianOver(cell, ({ broker }) => broker?.processes ?? null)
  return looked === null ? null : (medianOver(cell, brokerCores) ?? 0)
}

function coresText(cores: number): string {
  return cores === 0 ? 'next to none' : cores.toFixed(1)
}

interface Limit {
  readonly reason: string
  readonly advice: string
}

function at(value: number | null, least: number, told: (value: number) => Limit): Limit | undefined {
  return value === null || value < least ? undefined : told(value)
}

/** Used up by these processes alone, or together with others. */
function coresAt(
  { own, cluster, machine }: { own: number; cluster: number | null; machine: number | null },
  cores: number,
  { processes }: CellReport,
): Limit | undefined {
  const these = processes > 1 ? 'these processes' : 'this process'
  if (own >= USED_UP * cores) {
    return {
      reason: `${these} alone used ${own.toFixed(1)} of ${cores} cores, which leaves none for more`,
      advice: 'Only more cores, or another machine beside this one, carry more',
    }
  }
  const theirs = cluster === null ? '' : `, ${coresText(cluster)} with the cluster's`
  return at(machine, USED_UP, busy => ({
    reason: `the ${cores} cores of this machine were ${percent(busy)} busy, ${own.toFixed(1)} of them with ${these}${theirs}`,
    advice: coresAdvice(cluster, busy * cores - own),
  }))
}

/** `rest`: cores that were busy with others. */
function coresAdvice(cluster: number | null, rest: number): string {
  if (cluster === null)
    return 'The rest is the cluster and whatever else runs here: more cores, or the cluster on another machine, carry more'
  return cluster >= rest / 2
    ? 'More cores, or the cluster on another machine, carry more'
    : 'Most of the rest is neither: less of whatever else runs here, or more cores, carry more'
}

function percent(share: number): string {
  return `${(share * 100).toFixed(0)} %`
}

/** The median over the valid trials that know of it; null where none does. */
function medianOver({ trials }: CellReport, value: (trial: ValidTrial) => number | null): number | null {
  const values = trials.flatMap(trial => (trial.state === 'valid' ? (value(trial) ?? []) : []))
  return values.length === 0 ? null : medianOf(values.sort((a, b) => a - b))
}
