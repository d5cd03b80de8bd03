import { count, fixed } from '../wording.ts'
import { brokerCpuPerMillion, brokerGcMsPerSecond, cpuPerMillion } from './broker-cost.ts'
import type { Cell } from './cell.ts'
import { worstLoopP99 } from './loop-delay.ts'
import type { BenchReport, CellReport } from './report.ts'
import { medianOf } from './statistics.ts'
import { type Figures, isMeasured } from './trial.ts'

export interface Column {
  readonly title: string
  /** For programs: no grouping, no units. */
  readonly name: string
  readonly left?: boolean
  readonly value: (cell: CellReport) => string | number | null
  /** For people; default: grouped, as given. */
  readonly show?: (value: number) => string
}

type Field = keyof Cell

const fields: readonly { readonly field: Field; readonly title: string }[] = [
  { field: 'engine', title: 'engine' },
  { field: 'api', title: 'api' },
  { field: 'batch', title: 'batch' },
  { field: 'outstanding', title: 'outstanding' },
  { field: 'loops', title: 'loops' },
  { field: 'threads', title: 'threads' },
  { field: 'producers', title: 'producers' },
  { field: 'processes', title: 'processes' },
  { field: 'messageSize', title: 'bytes' },
  { field: 'rate', title: 'rate' },
  { field: 'compression', title: 'compression' },
  { field: 'partitions', title: 'partitions' },
  { field: 'acks', title: 'acks' },
]

const variant = { field: 'variant', title: 'configuration' } as const

/** What differs between cells gets a column; `all`: what does not, too. */
export function cellColumns(cells: readonly CellReport[], all: boolean): Column[] {
  const named = cells.some(cell => cell.variant !== undefined) ? [variant] : []
  return [...named, ...fields]
    .filter(({ field }) => all || field === 'api' || valuesOf(cells, field).length > 1)
    .map(({ field, title }) => ({
      title,
      name: field,
      left: cells.some(cell => typeof cell[field] === 'string'),
      value: cell => cell[field] ?? null,
      show: setting,
    }))
}

/** The fields that are the same in all cells, as one line. */
export function constants(cells: readonly CellReport[]): string {
  return fields
    .flatMap(({ field, title }) => {
      const [value, ...others] = valuesOf(cells, field)
      return field === 'api' || value === undefined || others.length > 0 ? [] : [`${title} ${setting(value)}`]
    })
    .join(', ')
}

/** The different values of a field, where cells have it at all. */
function valuesOf(cells: readonly Cell[], field: Field): (string | number)[] {
  return [...new Set(cells.flatMap(cell => cell[field] ?? []))]
}

export const figureColumns: readonly Column[] = [
  { title: 'msg/s', name: 'messagesPerSecond', value: cell => cell.messagesPerSecond?.median ?? null },
  { title: 'low', name: 'low', value: cell => cell.messagesPerSecond?.low ?? null },
  { title: 'high', name: 'high', value: cell => cell.messagesPerSecond?.high ?? null },
  {
    title: 'MB/s',
    name: 'megabytesPerSecond',
    value: cell => median(cell, ({ megabytesPerSecond }) => megabytesPerSecond),
    show: value => fixed(value, 1),
  },
  {
    title: 'CPU s/M',
    name: 'cpuSecondsPerMillion',
    value: cell => median(cell, cpuPerMillion),
    show: value => fixed(value, 2),
  },
  {
    title: 'loop p99 ms',
    name: 'eventLoopDelayP99Ms',
    value: cell => median(cell, worstLoopP99),
    show: value => value.toFixed(1),
  },
  {
    title: 'RSS MB',
    name: 'peakRssBytes',
    value: cell => median(cell, ({ peakRssBytes }) => peakRssBytes),
    show: value => (value / 1e6).toFixed(0),
  },
]

/** Of a cluster on this machine, where it may be read. */
export const brokerColumns: readonly Column[] = [
  {
    title: 'cluster CPU s/M',
    name: 'brokerCpuSecondsPerMillion',
    value: cell => median(cell, brokerCpuPerMillion),
    show: value => fixed(value, 2),
  },
  {
    title: 'cluster GC ms/s',
    name: 'brokerGcMsPerSecond',
    value: cell => median(cell, brokerGcMsPerSecond),
    show: value => value.toFixed(1),
  },
]

/** Of cells that have a rate: what they made of it, and how long messages took; all valid trials together. */
export const latencyColumns: readonly Column[] = [
  {
    title: 'offered/s',
    name: 'achievedRate',
    value: cell => median(cell, ({ achievedRate }) => achievedRate),
  },
  ...(['p50', 'p95', 'p99', 'p999', 'p9999', 'max'] as const).map(
    (name): Column => ({
      title: name === 'p50' ? 'p50 ms' : name.replace(/^p99(9+)$/, 'p99.$1'),
      name: `latency${name === 'max' ? 'Max' : name.toUpperCase()}Ms`,
      value: cell => cell.latencyMs?.[name] ?? null,
      show: milliseconds,
    }),
  ),
  {
    title: 'floor p99',
    name: 'floorP99Ms',
    value: cell => median(cell, ({ floorMs }) => floorMs?.p99 ?? null),
    show: milliseconds,
  },
  { title: 'linger ms', name: 'lingerMs', value: cell => median(cell, ({ lingerMs }) => lingerMs) },
  {
    title: 'backlog',
    name: 'backlogGrowth',
    value: cell => median(cell, ({ backlogGrowth }) => backlogGrowth),
    show: value => `${value > 0 ? '+' : ''}${group(value)}`,
  },
]

/** What librdkafka made of the messages. */
export const requestColumns: readonly Column[] = [
  {
    title: 'msgs/request',
    name: 'batchMessages',
    value: cell => median(cell, ({ batchMessages }) => batchMessages),
    show: value => (value < 100 ? value.toFixed(1) : group(value)),
  },
  {
    title: 'requests/s',
    name: 'requestsPerSecond',
    value: cell => median(cell, ({ requestsPerSecond }) => requestsPerSecond),
  },
]

function milliseconds(value: number): string {
  return value < 100 ? fixed(value, 2) : group(value)
}

/** Its share of what librdkafka's producer does in the same configuration. */
export const ceilingColumns: readonly Column[] = [
  { title: 'of ceiling', name: 'ofCeiling', value: cell => cell.ofCeiling?.median ?? null, show: share },
  { title: 'low', name: 'ofCeilingLow', value: cell => cell.ofCeiling?.low ?? null, show: share },
  { title: 'high', name: 'ofCeilingHigh', value: cell => cell.ofCeiling?.high ?? null, show: share },
]

function share(value: number): string {
  return value.toFixed(2)
}

export const stateColumn: Column = { title: 'trials', name: 'state', left: true, value: stateOf }

/** `3 valid`, `2 valid, 1 void`, `not applicable`, `none`. */
function stateOf({ notApplicable, trials }: CellReport): string {
  if (notApplicable !== null) return 'not applicable'
  const counts = (['valid', 'saturated', 'disturbed', 'void'] as const).flatMap(state => {
    const count = trials.filter(trial => trial.state === state).length
    return count === 0 ? [] : [`${count} ${state}`]
  })
  return counts.length === 0 ? 'none' : counts.join(', ')
}

function median(cell: CellReport, value: (figures: Figures) => number | null): number | null {
  const values = cell.trials.filter(isMeasured).flatMap(trial => value(trial) ?? [])
  return values.length === 0 ? null : medianOf(values.sort((a, b) => a - b))
}

const exact = new Intl.NumberFormat('en-US', { maximumFractionDigits: 9 })

/** A measured number for people, or a word as it is. */
export function group(value: string | number): string {
  return typeof value === 'number' ? count(value) : value
}

/** What was asked for, to its last digit: two rates may differ by no more than that. */
export function setting(value: string | number): string {
  return typeof value === 'number' ? exact.format(value) : value
}

/** What could not be trusted or run, a line each. */
export function remarks({ cells }: BenchReport): string[] {
  const lines = cells.flatMap(cell => {
    const name = nameOf(cell, cells)
    if (cell.notApplicable !== null) return [`not applicable: ${name}: ${cell.notApplicable}`]
    return cell.trials.flatMap(({ state, order, why }) =>
      why === null ? [] : [`${state}: ${name}, trial ${order}: ${why}`],
    )
  })
  return lines
}

const singular: ReadonlyMap<Field, string> = new Map([
  ['loops', 'loop'],
  ['threads', 'thread'],
  ['producers', 'producer'],
  ['processes', 'process'],
])

/** A cell by what sets it apart: `batch, 4 loops`, or `batch engine, 4 loops` where engines are what differs. */
export function nameOf(cell: Cell, cells: readonly Cell[]): string {
  if (cell.variant !== undefined) return cell.variant
  const isCeiling = cell.engine === 'ceiling'
  // what a ceiling does not have sets no cell apart from another
  const rivals = cells.filter(({ engine }) => (engine === 'ceiling') === isCeiling)
  const differs = (field: Field) => valuesOf(rivals, field).length > 1
  const parts = fields.flatMap(({ field, title }) => {
    const value = cell[field]
    if (field === 'engine' || field === 'api' || value == null || !differs(field)) return []
    const single = singular.get(field)
    if (single !== undefined) return [`${value} ${value === 1 ? single : title}`]
    return [`${title} ${setting(value)}`]
  })
  if (isCeiling) return ['ceiling', ...parts].join(', ')
  const engine = differs('engine') ? [`${cell.engine} engine`] : []
  const api = differs('api') || engine.length === 0 ? [cell.api] : []
  return [...engine, ...api, ...parts].join(', ')
}
