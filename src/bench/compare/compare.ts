import { type Cell, ceilingIndexOf, defaultGrid, type Grid } from '../cell.ts'
import type { CellReport } from '../report.ts'
import { medianOf } from '../statistics.ts'
import { competes } from '../verdicts/grid.ts'
import type { Ratio, VerdictKind } from '../verdicts/verdict.ts'
import { differences, fingerprint } from './fingerprint.ts'
import type { Recorded, RecordedCell, RecordedSummary } from './recorded.ts'

/**
 * What two sessions on one machine can differ by, though nothing changed. Rates: halves of one series
 * drifted by up to 18 % on shared cores. Shares of a ceiling that was measured alongside lose what moves both.
 */
const SESSIONS_DIFFER = { rate: 0.18, share: 0.05 } as const
/** Below this there is no interval that holds the median with 95 %. */
export const ENOUGH_TRIALS = 6

export type Basis = keyof typeof SESSIONS_DIFFER

export interface CellComparison {
  /** Index of the cell in this run. */
  readonly cell: number
  readonly kind: VerdictKind
  /** In words. */
  readonly text: string
  /** `share`: of the ceiling, which both runs measured. Null where nothing was compared. */
  readonly basis: Basis | null
  /** Now to then, already widened; null where nothing was compared. */
  readonly ratio: Ratio | null
  /** By how much sessions were taken to differ; 0.05 is 5 %. */
  readonly allowance: number | null
}

export interface Comparison {
  readonly file: string
  readonly date: string | null
  readonly label: string | null
  /** In what the environments differ; empty: comparable. */
  readonly environmentDiffers: readonly string[]
  /** Empty where the environments differ. */
  readonly cells: readonly CellComparison[]
}

/** What this run will look like; told before it is measured. */
export function environmentDiffers(then: Recorded, environment: object): string[] {
  return differences(fingerprint(then.environment), fingerprint({ ...environment }))
}

/** Cells of this run that the earlier one measured as well. */
export function sharedCells(then: Recorded, cells: readonly Cell[]): Cell[] {
  return cells.filter(cell => competes(cell) && find(then, cell) !== undefined)
}

/** Those of the rivals on which the run's trials can give a verdict, if all are valid: by how much each is to differ at least. */
export function decidableCells(
  then: Recorded,
  rivals: readonly Cell[],
  { cells, repeat }: { readonly cells: readonly Cell[]; readonly repeat: number },
): { least: number }[] {
  if (repeat < ENOUGH_TRIALS) return []
  return sharedCells(then, rivals).flatMap(cell => {
    const other = find(then, cell) as RecordedCell
    const share = ceilingIndexOf(cells, cells.indexOf(cell)) >= 0 ? other.ofCeiling : null
    const summary = share ?? other.messagesPerSecond
    if (summary === null || !isInterval(summary, other.trials)) return []
    const allowance = Math.max(SESSIONS_DIFFER[share === null ? 'rate' : 'share'], driftOf(other.trials))
    return [{ least: 1 - 1 / (1 + allowance) }]
  })
}

/** This run's cells beside those of an earlier one. `margin`: in percent, a difference that does not matter. */
export function compareRuns(
  then: Recorded,
  now: { readonly environment: object; readonly cells: readonly CellReport[] },
  margin: number,
): Comparison {
  const differ = environmentDiffers(then, now.environment)
  const { date, label } = then.environment
  return {
    file: then.path,
    date: typeof date === 'string' ? date : null,
    label: typeof label === 'string' ? label : null,
    environmentDiffers: differ,
    cells: differ.length > 0 ? [] : now.cells.flatMap((cell, index) => compareAt(then, cell, index, margin)),
  }
}

function compareAt(then: Recorded, cell: CellReport, index: number, margin: number): CellComparison[] {
  if (!competes(cell) || cell.notApplicable !== null) return []
  const other = find(then, cell)
  const none = (why: string) => [
    {
      cell: index,
      kind: 'none' as const,
      text: `not comparable: ${why}`,
      basis: null,
      ratio: null,
      allowance: null,
    },
  ]
  if (other === undefined) return none('it was not measured then')
  if (cell.messagesPerSecond === null) return none('no trial is valid')
  if (other.messagesPerSecond === null) return none('no trial was valid then')
  const shares = cell.ofCeiling !== null && other.ofCeiling !== null
  const basis = shares ? 'share' : 'rate'
  const [here, there] = shares
    ? [cell.ofCeiling as RecordedSummary, other.ofCeiling as RecordedSummary]
    : [cell.messagesPerSecond, other.messagesPerSecond]
  const allowance = Math.max(SESSIONS_DIFFER[basis], driftOf(cell.trials), driftOf(other.trials))
  const known = isInterval(here, cell.trials) && isInterval(there, other.trials)
  const ratio = {
    estimate: here.median / there.median,
    low: here.low / there.high / (1 + allowance),
    high: (here.high / there.low) * (1 + allowance),
    coverage: known ? 0.95 : null,
  }
  return [{ cell: index, ...told(ratio, margin, basis), basis, ratio, allowance }]
}

/** Two intervals of 95 % that do not meet: of no difference, fewer than one in a hundred. */
function told(
  { estimate, low, high, coverage }: Ratio,
  margin: number,
  basis: Basis,
): { kind: VerdictKind; text: string } {
  const of = basis === 'share' ? 'share of ceiling' : 'rate, for want of a ceiling in both'
  if (coverage === null) {
    return {
      kind: 'undecided',
      text: `undecided (${ENOUGH_TRIALS} valid trials are needed on both sides; ${of})`,
    }
  }
  const percent = (ratio: number) => `${ratio < 1 ? '-' : '+'}${Math.abs((ratio - 1) * 100).toFixed(0)} %`
  const size = `${percent(estimate)}, ${percent(low)} to ${percent(high)}; ${of}`
  if (low > 1) return { kind: 'faster', text: `faster (${size})` }
  if (high < 1) return { kind: 'slower', text: `slower (${size})` }
  const limit = 1 + margin / 100
  if (low > 1 / limit && high < limit)
    return { kind: 'equivalent', text: `equivalent within ${margin} % (${size})` }
  return {
    kind: 'undecided',
    text: `undecided between sessions (${size}); --against measures both side by side`,
  }
}

/** Whether it holds the median with 95 %. */
function isInterval({ method }: RecordedSummary, trials: RecordedCell['trials']): boolean {
  return method === undefined ? ratesOf(trials).length >= ENOUGH_TRIALS : method === 'order-statistic'
}

/** How far the halves of a series lie apart; 0 where it is too short to tell. */
function driftOf(trials: RecordedCell['trials']): number {
  const rates = ratesOf(trials)
  if (rates.length < ENOUGH_TRIALS) return 0
  const half = rates.length >> 1
  const median = (values: number[]) => medianOf(values.sort((a, b) => a - b))
  const ratio = median(rates.slice(0, half)) / median(rates.slice(-half))
  return Math.max(ratio, 1 / ratio) - 1
}

function ratesOf(trials: RecordedCell['trials']): number[] {
  return trials.flatMap(({ state, messagesPerSecond }) =>
    state === 'valid' && messagesPerSecond !== undefined ? [messagesPerSecond] : [],
  )
}

function find({ cells }: Recorded, cell: Cell): RecordedCell | undefined {
  return cells.find(({ settings }) => same(settings, cell))
}

/** A setting that an older file does not know had the default then. Unknown partitions may be any. */
function same(settings: Readonly<Record<string, unknown>>, cell: Cell): boolean {
  return (Object.keys(defaultGrid) as (keyof Grid)[]).every(field => {
    const then = field in settings ? settings[field] : defaultGrid[field][0]
    return then === cell[field] || (field === 'partitions' && (then === null || cell[field] === null))
  })
}
